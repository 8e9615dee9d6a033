"""Where to click and who to sign in as."""

from typing import Any

from rich.console import Console
from rich.table import Table

from infra.api import Api
from infra.demo import id_of, words
from infra.demo.notes import Notes

CATEGORIES = ("T恤", "衬衫", "半身裙", "外套")


async def look(url: str, password: str, notes: Notes, device_id: str) -> dict[str, Any]:
    """What is worth trying right now. The activation code is that of a new device of the first
    store, so that it works however often the page is shown."""
    store_id = id_of(f"store:{words.STORES[0][0]}")
    async with Api(url) as admin:
        await admin.sign_in("signInWithPassword", staffNumber="admin", password=password)
        device = await admin.change(
            "createDevice", "deviceCreated { activationCode }",
            id=device_id, storeId=store_id, name="演示设备",
        )  # fmt: skip
        member = await admin.ask(
            "query($id: ID!) { member(id: $id) { name account"
            " { tierNameZh points walletPrincipalMinor walletBonusMinor } } }",
            id=notes.values["members"][0]["id"],
        )
        found = [await _piece(admin, store_id, category) for category in CATEGORIES]
    return {
        "activation_code": device["deviceCreated"]["activationCode"],
        "member": {**notes.values["members"][0], **member["member"]},
        "pieces": [piece for piece in found if piece],
    }


async def _piece(admin: Api, store_id: str, category: str) -> dict[str, Any] | None:
    """What there is most of."""
    query = (
        "query($store: ID!, $query: String) { skus(query: $query, storeId: $store, first: 50)"
        " { edges { node { ean name colour size priceMinor available } } } }"
    )
    answer = await admin.ask(query, store=store_id, query=category)
    pieces = [edge["node"] for edge in answer["skus"]["edges"]]
    return max(pieces, key=lambda piece: piece["available"], default=None)


def show(console: Console, urls: dict[str, str], password: str, notes: Notes,
         today: dict[str, Any]) -> None:  # fmt: skip
    staff = {person["number"]: person for person in notes.values["staff"]}
    store = notes.values["stores"][0]
    account = today["member"]["account"]
    wallet = int(account["walletPrincipalMinor"]) + int(account["walletBonusMinor"])
    console.print(f"\n[bold]Open[/bold]  {urls['app']}\n")
    console.print(
        f"  activate the device    [bold]{today['activation_code']}[/bold]"
        f"  ({store['code']} {store['name']}; for one browser, new each time)"
    )
    for number in ("0102", "0101"):
        console.print(f"  sign in                [bold]{number}[/bold]  PIN"
                      f" [bold]{staff[number]['pin']}[/bold]  {staff[number]['job']}"
                      f" {staff[number]['name']}")  # fmt: skip
    console.print(f"  find the member        [bold]{today['member']['phone']}[/bold]"
                  f"  {today['member']['name']}, {account['tierNameZh']}, {account['points']} 积分,"
                  f" ¥{wallet / 100:.2f} in the wallet")  # fmt: skip
    for piece in today["pieces"]:
        console.print(f"  ring up                [bold]{piece['ean']}[/bold]  {piece['name']}"
                      f" {piece['colour']} {piece['size']}, ¥{int(piece['priceMinor']) / 100:.0f},"
                      f" {piece['available']} in stock")  # fmt: skip
    console.print(f"  coupon                 [bold]{notes.values['coupon']}[/bold]\n")
    table = Table("for HQ and developers", "number", "password", box=None, header_style="dim")
    table.add_row("administrator", "admin", password)
    for number in ("9201", "9301", "9001", "9101"):
        table.add_row(staff[number]["job"], number, staff[number]["password"])
    console.print(table)
    console.print(f"\n  API      {urls['graphql']}\n  figures  {urls['metrics']}", highlight=False)
