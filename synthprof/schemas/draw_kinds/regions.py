"""Facts about regions that ready patterns need: codes of telephones and post, accounts."""

STATES_BR = {
    "AC": "Acre", "AL": "Alagoas", "AM": "Amazonas", "AP": "Amapá", "BA": "Bahia", "CE": "Ceará",
    "DF": "Distrito Federal", "ES": "Espírito Santo", "GO": "Goiás", "MA": "Maranhão", "MG": "Minas Gerais",
    "MS": "Mato Grosso do Sul", "MT": "Mato Grosso", "PA": "Pará", "PB": "Paraíba", "PE": "Pernambuco",
    "PI": "Piauí", "PR": "Paraná", "RJ": "Rio de Janeiro", "RN": "Rio Grande do Norte", "RO": "Rondônia",
    "RR": "Roraima", "RS": "Rio Grande do Sul", "SC": "Santa Catarina", "SE": "Sergipe", "SP": "São Paulo",
    "TO": "Tocantins",
}  # fmt: skip
"""The states of Brazil (IBGE)."""

DDD = {
    "AC": "68", "AL": "82", "AM": "92 97", "AP": "96", "BA": "71 73 74 75 77", "CE": "85 88", "DF": "61",
    "ES": "27 28", "GO": "62 64", "MA": "98 99", "MG": "31 32 33 34 35 37 38", "MS": "67", "MT": "65 66",
    "PA": "91 93 94", "PB": "83", "PE": "81 87", "PI": "86 89", "PR": "41 42 43 44 45 46", "RJ": "21 22 24",
    "RN": "84", "RO": "69", "RR": "95", "RS": "51 53 54 55", "SC": "47 48 49", "SE": "79",
    "SP": "11 12 13 14 15 16 17 18 19", "TO": "63",
}  # fmt: skip
"""The telephone codes of Brazil by state (Anatel, Plano Geral de Códigos Nacionais)."""

CPF_REGIONS = {
    "RS": "0", "DF": "1", "GO": "1", "MS": "1", "MT": "1", "TO": "1", "AC": "2", "AM": "2", "AP": "2",
    "PA": "2", "RO": "2", "RR": "2", "CE": "3", "MA": "3", "PI": "3", "AL": "4", "PB": "4", "PE": "4",
    "RN": "4", "BA": "5", "SE": "5", "MG": "6", "ES": "7", "RJ": "7", "SP": "8", "PR": "9", "SC": "9",
}  # fmt: skip
"""The ninth digit of a CPF by the state where it was issued (Receita Federal)."""

CEP = {
    "AC": "699-699", "AL": "570-579", "AM": "690-692 694-698", "AP": "689-689", "BA": "400-489",
    "CE": "600-639", "DF": "700-727 730-736", "ES": "290-299", "GO": "728-729 737-767", "MA": "650-659",
    "MG": "300-399", "MS": "790-799", "MT": "780-788", "PA": "660-688", "PB": "580-589", "PE": "500-569",
    "PI": "640-649", "PR": "800-879", "RJ": "200-289", "RN": "590-599", "RO": "768-769", "RR": "693-693",
    "RS": "900-999", "SC": "880-899", "SE": "490-499", "SP": "010-199", "TO": "770-779",
}  # fmt: skip
"""The first three digits of post codes in Brazil by state, from-to (Correios, Faixas de CEP)."""

STATES_US = {
    "AK": "Alaska", "AL": "Alabama", "AR": "Arkansas", "AZ": "Arizona", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DC": "District of Columbia", "DE": "Delaware", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "IA": "Iowa", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "KS": "Kansas",
    "KY": "Kentucky", "LA": "Louisiana", "MA": "Massachusetts", "MD": "Maryland", "ME": "Maine",
    "MI": "Michigan", "MN": "Minnesota", "MO": "Missouri", "MS": "Mississippi", "MT": "Montana",
    "NC": "North Carolina", "ND": "North Dakota", "NE": "Nebraska", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NV": "Nevada", "NY": "New York", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon",
    "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
    "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VA": "Virginia", "VT": "Vermont", "WA": "Washington",
    "WI": "Wisconsin", "WV": "West Virginia", "WY": "Wyoming",
}  # fmt: skip
"""The states of the United States and the capital (USPS)."""

AREA_CODES = {
    "AK": "907", "AL": "205 251 256 334 938", "AR": "479 501 870", "AZ": "480 520 602 623 928",
    "CA": "209 213 310 323 408 415 510 530 559 562 619 626 650 661 "
    "707 714 760 805 818 831 858 909 916 925 949 951",
    "CO": "303 719 720 970", "CT": "203 475 860 959", "DC": "202", "DE": "302",
    "FL": "239 305 321 352 386 407 561 727 754 772 786 813 850 863 904 941 954",
    "GA": "229 404 470 478 678 706 762 770 912", "HI": "808", "IA": "319 515 563 641 712", "ID": "208 986",
    "IL": "217 224 309 312 331 618 630 708 773 779 815 847 872", "IN": "219 260 317 463 574 765 812 930",
    "KS": "316 620 785 913", "KY": "270 364 502 606 859", "LA": "225 318 337 504 985",
    "MA": "339 351 413 508 617 774 781 857 978", "MD": "240 301 410 443 667", "ME": "207",
    "MI": "231 248 269 313 517 586 616 734 810 906 947 989", "MN": "218 320 507 612 651 763 952",
    "MO": "314 417 573 636 660 816", "MS": "228 601 662 769", "MT": "406",
    "NC": "252 336 704 743 828 910 919 980 984", "ND": "701", "NE": "308 402 531", "NH": "603",
    "NJ": "201 551 609 640 732 848 856 862 908 973", "NM": "505 575", "NV": "702 725 775",
    "NY": "212 315 332 347 516 518 585 607 631 646 680 716 838 845 914 917 929 934",
    "OH": "216 220 234 330 380 419 440 513 567 614 740 937", "OK": "405 539 580 918", "OR": "458 503 541 971",
    "PA": "215 223 267 272 412 484 570 610 717 724 814 878", "RI": "401", "SC": "803 843 854 864",
    "SD": "605", "TN": "423 615 629 731 865 901 931",
    "TX": "210 214 254 281 325 346 361 409 430 432 469 512 682 713 "
    "726 737 806 817 830 832 903 915 936 940 956 972 979",
    "UT": "385 435 801", "VA": "276 434 540 571 703 757 804", "VT": "802", "WA": "206 253 360 425 509 564",
    "WI": "262 414 534 608 715 920", "WV": "304 681", "WY": "307",
}  # fmt: skip
"""Telephone codes of the United States by state (NANPA); some that were added lately are left out."""

ZIP_FIRST = {
    "0": "CT MA ME NH NJ RI VT", "1": "DE NY PA", "2": "DC MD NC SC VA WV", "3": "AL FL GA MS TN",
    "4": "IN KY MI OH", "5": "IA MN MT ND SD WI", "6": "IL KS MO NE", "7": "AR LA OK TX",
    "8": "AZ CO ID NM NV UT WY", "9": "AK CA HI OR WA",
}  # fmt: skip
"""The first digit of ZIP codes, and the states that it stands for (USPS Publication 28)."""

IBAN = {
    "AD": "{digit:8}{alnum:12}", "AE": "{digit:19}", "AT": "{digit:16}", "BE": "{digit:10}{check:rest97:10}",
    "BG": "{letter:4}{digit:6}{alnum:8}",
    "BR": "{digit:23}{letter}{alnum}", "CH": "{digit:5}{alnum:12}", "CY": "{digit:8}{alnum:16}",
    "CZ": "{digit:20}", "DE": "{digit:18}", "DK": "{digit:14}", "EE": "{digit:16}", "FI": "{digit:14}",
    "FR": "{digit:21}{check:rib}",
    "GB": "{letter:4}{digit:14}", "GE": "{letter:2}{digit:16}", "GI": "{letter:4}{alnum:15}",
    "GR": "{digit:7}{alnum:16}", "HR": "{digit:17}", "HU": "{digit:24}", "IE": "{letter:4}{digit:14}",
    "IL": "{digit:19}", "LI": "{digit:5}{alnum:12}", "LT": "{digit:16}", "LU": "{digit:3}{alnum:13}",
    "LV": "{letter:4}{alnum:13}", "ME": "{digit:16}{check:mod97:16}", "MT": "{letter:4}{digit:5}{alnum:18}",
    "NL": "{letter:4}{digit:10}", "PL": "{digit:24}", "PT": "{digit:19}{check:mod97:19}",
    "RO": "{letter:4}{alnum:16}", "RS": "{digit:16}{check:mod97:16}", "SA": "{digit:2}{alnum:18}",
    "SE": "{digit:20}", "SI": "{digit:13}{check:mod97:13}", "SK": "{digit:20}", "TR": "{digit:6}{alnum:16}",
    "UA": "{digit:6}{alnum:19}",
}  # fmt: skip
"""The characters after the check digits of an IBAN, by country (SWIFT, IBAN Registry, release 101).

A country's own check digits within an account are right for BE, FR, ME, PT, RS and SI, else random.
"""

CARDS = {
    "fictional": "9999{digit:11}{check:luhn}",
    "visa": "4{digit:14}{check:luhn}",
    "mastercard": "5{[1-5]}{digit:13}{check:luhn}",
    "amex": "3{[47]}{digit:12}{check:luhn}",
    "discover": "6011{digit:11}{check:luhn}",
    "diners": "36{digit:11}{check:luhn}",
    "jcb": "35{[3-8]}{digit:12}{check:luhn}",
}
"""Numbers of cards by network (ISO/IEC 7812). What begins with 9 is left to the country whose ISO 3166 number
follows, and no country has 999: nobody issues such a card."""

GERMAN_FICTION = ("030 23125", "069 90009", "040 66969", "089 99998", "0221 4710")
"""Telephone numbers in Germany that nobody is given, each with three more digits (Bundesnetzagentur,
Mitteilung 148/2021, Amtsblatt 7/2021)."""


def by_state(codes: dict[str, str], names: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the values of each state, by its code and by its name; of any other state, all values."""
    found = {state: tuple(text.split()) for state, text in codes.items()}
    every = tuple(sorted({value for values in found.values() for value in values}))
    return found | {names[state]: values for state, values in found.items()} | {"*": every}


def spread(ranges: str) -> str:
    """Return the numbers of ranges such as 010-012 030-030, joined by spaces."""
    ends = (one.split("-") for one in ranges.split())
    return " ".join(f"{number:03d}" for first, last in ends for number in range(int(first), int(last) + 1))
