"""Words of members who are probably one person."""

from staff_app.words.pair import Words

DUPLICATES: Words = {
    "duplicates": ("疑似重复会员", "Probable duplicates"),
    "duplicates_open": ("待处理", "Open"),
    "duplicates_dismissed": ("已排除", "Left apart"),
    "no_duplicates": ("没有疑似重复的会员。", "There are no probable duplicates."),
    "side_by_side": ("对比", "Compare"),
    "card_code": ("卡号", "Card"),
    "member_since": ("入会", "Since"),
    "score": ("相似度", "Score"),
    "why_same": ("为什么是同一人？", "Why are they one?"),
    "why_apart": ("为什么不是同一人？", "Why are they two?"),
    "same_person": ("本人确认", "They said so"),
    "same_card": ("同一人重复开卡", "Registered twice"),
    "apart_persons": ("不是同一人", "Two persons"),
    "apart_family": ("家人", "A family"),
    "rather_apart": ("不是同一人", "They are two"),
    "rather_merge": ("还是合并", "Merge after all"),
    "merge_two": ("合并为一位会员", "Merge into one"),
    "leave_apart": ("排除", "Leave apart"),
    "merged": (
        "已合并。两张卡都能用，积分和储值已合在一起。",
        "Merged: both cards work, points and wallet are in one.",
    ),
    "parted": ("已撤销，恢复为两位会员。", "Undone: they are two members again."),
    "undo_merge": ("撤销合并", "Undo the merge"),
    "part_them": ("恢复为两位会员", "Make them two again"),
    "merged_by_mistake": ("合并错误", "Merged by mistake"),
    "next_pair": ("处理下一对", "The next pair"),
    "merges": ("合并记录", "Merges"),
}
