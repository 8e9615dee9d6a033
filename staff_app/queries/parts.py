"""What every mutation asks for."""

REFUSAL = "refusal { code messageZh messageEn parameters { name value } }"

PAST_ORDER = """
  id status receiptNumber storeId placedAt businessDate currency memberId
  listMinor discountMinor totalMinor changeMinor pointsExpected returnedMinor
  store { name } staff { name } member { id name }
  tenders { kind amountMinor givenMinor points reference returnId }
  lines { line name colour size quantity listMinor discountMinor netMinor }
  promotions { promotionId nameZh nameEn discountMinor couponCode }
  returned { line quantity }
"""
