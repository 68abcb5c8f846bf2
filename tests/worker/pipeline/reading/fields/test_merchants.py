"""The merchant is found by what speaks for it, in the header or elsewhere, in any country."""

import pytest

from tests.worker.pipeline.reading.printed import read

BODY = "14.03.2026 17:42\nBread 5.00\nTotal 5.00"


@pytest.mark.parametrize(
    ("header", "merchant"),
    [
        ("FJELLGLØTT STORO\nStoro Dagligvare AS\nOrg.nr: NO 912 345 678 MVA\nTlf: 22 01 02 03",
         "FJELLGLØTT STORO"),
        ("BRØDBODEN ApS\nVestergade 12\n8000 Aarhus C\nCVR 12345678", "BRØDBODEN ApS"),
        ("Tervetuloa!\nKYLÄKAUPPA HONKA\nHongan Kauppa Oy\nMannerheimintie 5\n00100 HELSINKI",
         "KYLÄKAUPPA HONKA"),
        ("Välkommen till oss\nHandlar'n Björken\nBjörkgatan 3\n123 45 TORPA", "Handlar'n Björken"),
        ("Delikatesy Pod Dębem\nDąb Sp. z o.o.\nul. Leśna 4, 00-950 Warszawa\nNIP 525-00-00-000\n"
         "PARAGON FISKALNY", "Delikatesy Pod Dębem"),
        ("SC ZORILA COM SRL\nMUN. IASI, STR. LUNGA NR 4\nC.I.F.: RO1234567\nBON FISCAL",
         "SC ZORILA COM SRL"),
        ("YAKAMOZ MARKET\nYAKAMOZ GIDA SAN. VE TIC. A.S.\nBAHCE MAH. CINAR CAD. NO:4\n"
         "TARIH: 14.03.2026\nFIS NO: 0021", "YAKAMOZ MARKET"),
        ("Potraviny U Lípy\nJan Novák s.r.o.\nDlouhá 12\n110 00 Praha 1\nDIČ: CZ12345678",
         "Potraviny U Lípy"),
        ("TISZA-BOLT KFT.\n6720 SZEGED, FŐ TÉR 3.\nADÓSZÁM: 12345678-2-06\nNYUGTA",
         "TISZA-BOLT KFT"),
        ("COMERCIAL LOS AROMOS SPA\nR.U.T.: 76.123.456-7\nGIRO: ALMACEN\nCASA MATRIZ: TALCA\n"
         "BOLETA ELECTRONICA", "COMERCIAL LOS AROMOS SPA"),
        ("ABARROTES EL NOPAL\nGRUPO NOPAL S.A. DE C.V.\nRFC: GNO010101AA1\nCOL. CENTRO C.P. 06000",
         "ABARROTES EL NOPAL"),
        ("MINIMART MELATI\nPT MELATI NIAGA TBK\nJL. MERDEKA NO. 5 BANDUNG\nNPWP : 01.234.567.8",
         "MINIMART MELATI"),
        ("Bluegum Grocers\nBluegum Pty Ltd\nABN 12 345 678 901\n12 Wattle Parade\nTAX INVOICE",
         "Bluegum Grocers"),
        ("KORNBLUME\nFeine Backwaren\nKornblume GmbH & Co. KG\nLange Gasse 3\n1080 Wien\n"
         "UID ATU12345678", "KORNBLUME"),
        ("Zephyra Stores Ltd VAT No 418 8277 30\nThe Shambles, Kendal LA9 4AB",
         "Zephyra Stores Ltd"),
        ("SKLEP NOWY SAD SP. Z 0.0.\nul. Polna 1\n00-950 Warszawa", "SKLEP NOWY SAD SP. Z 0.0."),
        ("BODEGA 1000 NORTE\nVitaminveien 7\n0485 OSLO", "BODEGA 1000 NORTE"),
        ("Hal's\nBar and Grill\n5 Main St\nKEENE NH 03431", "Hal's Bar and Grill"),
        ("Maple Corner\nCalgary, AB T2P 1J9\n403-555-0199\nServer: Ann\nTable 12", "Maple Corner"),
        ("SALVIA & RUTA\nOpen 7am - 10pm\nStore Manager Pat\n(651) 555-0100", "SALVIA & RUTA"),
        ("RECEIPT\nWelcome to Zephyra!\n4 Hill Road", "Zephyra"),
        # What the shop deals in is above its name, as a slogan is.
        ("FRUTAS Y VERDURAS\nEL NARANJO\nNIT 900123456-7\nCra 7 # 4-20", "EL NARANJO"),
        ("ZÖLDSÉG - GYÜMÖLCS\nKökény Zöldséges\n3300 Eger, Fő tér 4.", "Kökény Zöldséges"),
        ("Pure Baking Since 1971\nZEPHYRA ROW\n12 High Street\nLeeds LS1 4QT", "ZEPHYRA ROW"),
        # The name is in quotation marks, between words about the company and the owner.
        ('PH-U "ZEFIR" J. KOS\nul. Leśna 4, 00-950 Warszawa', "ZEFIR"),
        ('STR "KOD LIPE" VL. IVO IVIĆ\nGLAVNA 12,MOSTAR\nJIB: 4300000000001', "KOD LIPE"),
        ("KRUA THAI\n12 High Street\nLeeds LS1 4QT", "KRUA THAI"),
        ("Zephyra Kopi Sdn Bhd [1234567-X]\nLot 7, Jalan Tun, Kuching", "Zephyra Kopi Sdn Bhd"),
        ("みどり商店株式会社\n東京都千代田区1-2-3\n電話 03-1234-5678\n領収書",
         "みどり商店株式会社"),
    ],
)  # fmt: skip
def test_the_header_names_the_merchant(header: str, merchant: str) -> None:
    """The first row that is no greeting, number, address, title or register word does, unless more
    speaks for another one."""
    assert read(f"{header}\n{BODY}").merchant.name == merchant


@pytest.mark.parametrize(
    ("header", "footer", "merchant"),
    [
        ("Von-Stein-Str. 6\n51061 Koeln\nTel. 0221 964196", "Zephyra Handels GmbH\nwww.zephyra.de",
         "Zephyra Handels GmbH"),
        ("12 High Street\n0161 496 0000", "THANK YOU FOR SHOPPING AT ZEPHYRA", "ZEPHYRA"),
        ("12 High Street\n0161 496 0000", "Visit www.mill-lane.co.uk", "Mill Lane"),
        ("EXPBCT HORE PAY LESS:\n3800 Hill Ave N\nShoreview, MN 55126", "Come back soon", "Target"),
        ("Kundenbeleg\nHauptstr. 3", "Mehr auf www.rewe.de", "Rewe"),
        ("Kassabon", "Dranken Zefier dankt u!", "Dranken Zefier"),
        ("Fine Bakers since 1958\n12 High Street", "Orders: www.mill-lane.co.uk", "Mill Lane"),
    ],
)  # fmt: skip
def test_what_else_is_printed_names_the_merchant(header: str, footer: str, merchant: str) -> None:
    """The logo could not be read: a company, a greeting, a domain or a slogan shows whose it is."""
    assert read(f"{header}\n{BODY}\n{footer}").merchant.name == merchant


@pytest.mark.parametrize(
    "header",
    [
        "12 High Street\nLeeds LS1 4QT\n0113 496 0000",
        "Welcome\nCashier: Ann\nTill 4",
        "KVITTERING\nDato: 14.03.2026",
        "Fecha: 14/03/2026\nCaja 3\nFolio 1234",
        "UID Nr.: DE123456789\nEUR",
    ],
)
def test_no_street_and_no_register_is_a_merchant(header: str) -> None:
    """Where nothing is a name, none is made up."""
    assert read(f"{header}\n{BODY}").merchant.name is None


def test_two_places_make_a_name_certain() -> None:
    """A domain or a second mention confirms what the header says."""
    header = f"Zephyra\n12 High Street\n{BODY}"

    alone = read(header).merchant
    confirmed = read(f"{header}\nwww.zephyra.co.uk").merchant
    repeated = read(f"{header}\nThanks from all at Zephyra").merchant

    assert alone.confidence < 0.8
    assert min(confirmed.confidence, repeated.confidence) > 0.9


def test_a_domain_of_somebody_else_names_no_merchant() -> None:
    """Mail providers and authorities are printed on receipts of everybody."""
    footer = "zephyra1@gmail.com\nwww.sat.gob.mx\nwww.nfce.fazenda.sp.gov.br"

    assert read(f"12 High Street\n{BODY}\n{footer}").merchant.name is None
