"""Headers of exports as vendors write them, with invented people, and what a person would map.

One row per column: header, field (None: an answer, or about somebody else), two values.
"""

Columns = list[tuple[str, str | None, *tuple[str, ...]]]

HUBSPOT: Columns = [
    ("Record ID - Contact", "record_id+person_id", "101", "102"),
    ("First Name", "first_name", "Ada", "Bo"),
    ("Last Name", "last_name", "Ashby", "Brock"),
    ("Email", "email", "ada@firm1.example", "bo@firm2.example"),
    ("Phone Number", "phone", "+44 20 7946 0111", "+44 20 7946 0112"),
    ("Job Title", "job_title", "Buyer", "Head of IT"),
    ("Contact owner", None, "Nisha Rao", "Nisha Rao"),
    ("Primary Associated Company", "company_name", "Firm 1 Ltd", "Firm 2"),
    ("Last Activity Date (EST)", None, "2026-11-01 10:00", ""),
    ("Lead Status", None, "NEW", "OPEN"),
    ("Marketing contact status", None, "Marketing contact", "Non-marketing contact"),
    ("Create Date (EST)", "submitted_at", "2026-10-01 10:00", "2026-10-02 11:30"),
    ("Original Source", "source", "Organic Search", "Offline Sources"),
    ("Unsubscribed from all email", "consent_email", "true", "false"),
    ("Number of Employees", "employee_count", "50", "1-10"),
    ("Annual Revenue", "annual_revenue", "1000000", "500000"),
    ("State/Region", "region", "Kent", "Surrey"),
    ("Postal Code", "postal_code", "CT1 1AA", "GU1 1AA"),
    ("Country/Region", "country", "United Kingdom", "United Kingdom"),
    ("Website URL", "company_website", "firm1.example", "https://firm2.example"),
]
SALESFORCE: Columns = [
    ("Lead Owner", None, "Sam Rep", "Kim Rep"),
    ("Lead ID", "record_id+person_id", "00Q5g00000AbCdE", "00Q5g00000AbCdF"),
    ("First Name", "first_name", "Ada", "Bo"),
    ("Last Name", "last_name", "Ashby", "Brock"),
    ("Title", "job_title", "CEO", "Buyer"),
    ("Company / Account", "company_name", "Firm 1 Ltd", "Firm 2"),
    ("Email", "email", "ada@firm1.example", "bo@firm2.example"),
    ("Phone", "phone", "+1 617 555 0142", "+1 617 555 0143"),
    ("Mobile", "phone", "+1 617 555 0144", ""),
    ("Street", "street", "1 High St", "2 Low St"),
    ("City", "city", "Boston", "Salem"),
    ("State/Province", "region", "MA", "MA"),
    ("Zip/Postal Code", "postal_code", "02139", "01970"),
    ("Country", "country", "US", "US"),
    ("Lead Source", "source", "Trade Show", "Web"),
    ("Rating", None, "Hot", "Cold"),
    ("Create Date", "submitted_at", "11/18/2026", "10/17/2026"),
    ("Last Modified By", None, "Sam Rep", "Sam Rep"),
    ("Email Opt Out", "consent_email", "0", "1"),
    ("Do Not Call", "consent_phone", "0", "0"),
]
PIPEDRIVE: Columns = [
    ("Person - ID", "person_id", "7", "8"),
    ("Person - Name", "full_name", "Ada Ashby", "Bo Brock"),
    ("Person - Organization", "company_name", "Firm 1 Ltd", "Firm 2"),
    ("Person - Email - Work", "email", "ada@firm1.example", "bo@firm2.example"),
    ("Person - Phone - Work", "phone", "+372 5550 1234", "+372 5550 1235"),
    ("Person - Owner", None, "Kim Rep", "Sam Rep"),
    ("Person - Add time", "submitted_at", "2026-10-01 10:00:00", "2026-10-02 11:30:00"),
]
ZOHO: Columns = [
    ("Record Id", "record_id+person_id", "zcrm_4876876000000581001", "zcrm_4876876000000581002"),
    ("Lead Owner", None, "Sam Rep", "Sam Rep"),
    ("Company", "company_name", "Firm 1 Ltd", "Firm 2"),
    ("First Name", "first_name", "Ada", "Bo"),
    ("Last Name", "last_name", "Ashby", "Brock"),
    ("Designation", "job_title", "Buyer", "CTO"),
    ("Email", "email", "ada@firm1.example", "bo@firm2.example"),
    ("Mobile", "phone", "98450 12345", "98765 43210"),
    ("No. of Employees", "employee_count", "12", "300"),
    ("Industry", "industry", "Software", "Retail"),
    ("Created By", None, "Sam Rep", "Kim Rep"),
    ("Created Time", "submitted_at", "2026-10-01 10:00:00", "2026-10-02 11:30:00"),
    ("Email Opt Out", "consent_email", "false", "true"),
    ("Zip Code", "postal_code", "560001", "560002"),
    ("Secondary Email", None, "ada@home.example", ""),
]
MAILCHIMP: Columns = [
    ("Email Address", "email", "ada@firm1.example", "bo@firm2.example"),
    ("First Name", "first_name", "Ada", "Bo"),
    ("Last Name", "last_name", "Ashby", "Brock"),
    ("Phone Number", "phone", "+44 20 7946 0111", "+44 20 7946 0112"),
    ("MEMBER_RATING", None, "2", "3"),
    ("OPTIN_TIME", "consent_at", "2026-10-01 10:00:00", "2026-10-02 10:00:00"),
    ("OPTIN_IP", None, "203.0.113.9", "203.0.113.10"),
    ("TIMEZONE", "time_zone", "Europe/London", "Europe/Paris"),
    ("LEID", None, "1234567", "1234568"),
    ("EUID", "person_id", "0d1a", "0d1b"),
]
TYPEFORM: Columns = [
    ("#", None, "a3a12ec67a1365927098a606107fac15", "b3a12ec67a1365927098a606107fac15"),
    ("What's your first name?", "first_name", "Ada", "Bo"),
    ("What's your email address?", "email", "ada@firm1.example", "bo@firm2.example"),
    ("Which company do you work for?", None, "Firm 1", "Firm 2"),
    ("Start Date (UTC)", None, "2026-10-01 10:00:00", "2026-10-02 10:00:00"),
    ("Submit Date (UTC)", "submitted_at", "2026-10-01 10:02:00", "2026-10-02 10:05:00"),
    ("Network ID", None, "d87f21f9", "d87f21f8"),
]
LINKEDIN: Columns = [
    ("Lead ID", "record_id", "fc71", "fc72"),
    ("Form Name", "form_name", "Q4 Demo", "Q4 Demo"),
    ("Campaign Name", "campaign", "EMEA", "EMEA"),
    ("Created At", "submitted_at", "2026-10-01 10:00:00", "2026-10-02 10:00:00"),
    ("First name", "first_name", "Ada", "Bo"),
    ("Last name", "last_name", "Ashby", "Brock"),
    ("Email address", "email", "ada@firm1.example", "bo@firm2.example"),
    ("Company name", "company_name", "Firm 1", "Firm 2"),
    ("Company size", "employee_count", "51-200", "11-50"),
    ("LinkedIn profile link", "linkedin_url", "https://www.linkedin.com/in/ada",
     "https://www.linkedin.com/in/bo"),
]  # fmt: skip
GOOGLE_FORM_DE: Columns = [
    ("Zeitstempel", "submitted_at", "20.11.2026 14:30:00", "21.11.2026 08:05:12"),
    ("Ihr Name", "full_name", "Ada Ashby", "Bo Brock"),
    ("E-Mail-Adresse", "email", "ada@firm1.example", "bo@firm2.example"),
    ("Telefonnummer (optional)", "phone", "0221 555 0123", "030 5550 1234"),
    ("Firma", "company_name", "Firma 1 GmbH", "Firma 2 AG"),
    ("Ihre Nachricht", "message", "Bitte Rückruf", "Angebot?"),
    ("Empfohlen von", None, "Karl Vermittler", "Eva Vermittler"),
]
FORM_FR: Columns = [
    ("Horodatage", "submitted_at", "20/11/2026 14:30:00", "21/11/2026 08:05:12"),
    ("Prénom", "first_name", "Ada", "Bo"),
    ("Nom", "last_name", "Roche", "Blanc"),
    ("Adresse e-mail", "email", "ada@roche.example", "bo@blanc.example"),
    ("Numéro de téléphone", "phone", "06 55 50 12 34", "06 55 50 12 35"),
    ("Société", "company_name", "Roche SARL", "Blanc SAS"),
    ("Code postal", "postal_code", "75011", "69001"),
    ("Ville", "city", "Paris", "Lyon"),
    ("Commercial", None, "Luc Vendeur", "Luc Vendeur"),
]
FORM_ES: Columns = [
    ("Marca temporal", "submitted_at", "20/11/2026 14:30:00", "21/11/2026 8:05:12"),
    ("Nombre", "first_name", "Ada", "Lía"),
    ("Apellidos", "last_name", "Ruiz", "Sanz"),
    ("Correo electrónico", "email", "ada@ruiz.example", "lia@sanz.example"),
    ("Teléfono móvil", "phone", "+34 655 50 12 34", "+34 655 50 12 35"),
    ("Empresa", "company_name", "Ruiz SL", "Sanz SA"),
    ("País", "country", "España", "España"),
    ("Propietario", None, "Vera Gil", "Vera Gil"),
]
FORM_IT: Columns = [
    ("Informazioni cronologiche", "submitted_at", "20/11/2026 14:30:00", "21/11/2026 8:05:12"),
    ("Nome", "first_name", "Ada", "Lia"),
    ("Cognome", "last_name", "Rossi", "Neri"),
    ("Indirizzo email", "email", "ada@rossi.example", "lia@neri.example"),
    ("Cellulare", "phone", "+39 320 555 0123", "+39 320 555 0124"),
    ("Ragione sociale", "company_name", "Rossi S.r.l.", "Neri SpA"),
    ("CAP", "postal_code", "20121", "00185"),
    ("Consenso marketing", "consent_email", "sì", "no"),
]
FORM_NL: Columns = [
    ("Datum", "submitted_at", "20-11-2026", "21-11-2026"),
    ("Voornaam", "first_name", "Ada", "Lies"),
    ("Achternaam", "last_name", "de Vries", "Bakker"),
    ("E-mailadres", "email", "ada@vries.example", "lies@bakker.example"),
    ("Telefoonnummer", "phone", "+31 20 555 0123", "+31 20 555 0124"),
    ("Bedrijfsnaam", "company_name", "Vries BV", "Bakker"),
    ("Woonplaats", "city", "Utrecht", "Breda"),
    ("Eigenaar", None, "Kees Bos", "Kees Bos"),
]
FORM_PT: Columns = [
    ("Data de criação", "submitted_at", "20/11/2026 14:30", "21/11/2026 08:05"),
    ("Nome", "full_name", "Ada Lima", "Bruno Dias"),
    ("E-mail", "email", "ada@lima.example", "bruno@dias.example"),
    ("Telefone", "phone", "+55 11 95550 1234", "+55 21 95550 5678"),
    ("Empresa", "company_name", "Lima Ltda", "Dias SA"),
    ("Cargo", "job_title", "Compradora", "Diretor"),
    ("Cidade", "city", "São Paulo", "Rio de Janeiro"),
    ("Estado", "region", "SP", "RJ"),
    ("Responsável", None, "Vera Gil", "Vera Gil"),
    ("Indicado por", None, "Rui Melo", ""),
]
EVENTBRITE: Columns = [
    ("Order #", None, "9001", "9002"),
    ("Order Date", "submitted_at", "2026-10-01 10:00:00", "2026-10-02 10:00:00"),
    ("First Name", "first_name", "Ada", "Bo"),
    ("Surname", "last_name", "Ashby", "Brock"),
    ("Email", "email", "ada@firm1.example", "bo@firm2.example"),
    ("Ticket Type", None, "Free", "Free"),
    ("Buyer Email", "email", "ada@firm1.example", "bo@firm2.example"),
    ("Organiser", None, "Expo Team", "Expo Team"),
]
APOLLO: Columns = [
    ("First Name", "first_name", "Ada", "Bo"),
    ("Last Name", "last_name", "Ashby", "Brock"),
    ("Title", "job_title", "Buyer", "CTO"),
    ("Company", "company_name", "Firm 1 Ltd", "Firm 2"),
    ("Email", "email", "ada@firm1.example", "bo@firm2.example"),
    ("Email Status", None, "Verified", "Verified"),
    ("Work Direct Phone", "phone", "+1 617 555 0142", ""),
    ("Company Phone", None, "+1 617 555 0100", "+1 617 555 0200"),
    ("# Employees", "employee_count", "50", "1200"),
    ("Industry", "industry", "Software", "Retail"),
    ("Person Linkedin Url", "linkedin_url", "http://www.linkedin.com/in/ada",
     "http://www.linkedin.com/in/bo"),
    ("Website", "company_website", "http://www.firm1.example", "http://www.firm2.example"),
    ("Company Linkedin Url", None, "http://www.linkedin.com/company/f1",
     "http://www.linkedin.com/company/f2"),
    ("Contact Owner", None, "sam@us.example", "sam@us.example"),
    ("City", "city", "Boston", "Salem"),
    ("State", "region", "Massachusetts", "Oregon"),
    ("Country", "country", "United States", "United States"),
]  # fmt: skip
SCHOOL: Columns = [
    ("Student Name", "full_name", "Ada Ashby", "Bo Brock"),
    ("Email", "email", "ada@home.example", "bo@home.example"),
    ("Parent Name", None, "Amy Ashby", "Ben Brock"),
    ("Parent Email", None, "amy@home.example", "ben@home.example"),
    ("Emergency Phone", None, "+44 20 7946 0999", "+44 20 7946 0998"),
    ("Teacher", None, "Carl Coach", "Carl Coach"),
    ("Date of Birth", None, "2001-01-02", "2002-03-04"),
]
REFERRALS: Columns = [
    ("Referrer Name", None, "Rui Melo", "Eva Melo"),
    ("Referrer Email", None, "rui@melo.example", "eva@melo.example"),
    ("Friend's Name", None, "Ada Ashby", "Bo Brock"),
    ("Your Email", "email", "me@me.example", "you@you.example"),
    ("Your Name", "full_name", "Max Muster", "Mia Muster"),
    ("Date", "submitted_at", "2026-11-01", "2026-11-02"),
]
MONDAY: Columns = [
    ("Name", "full_name", "Ada Ashby", "Bo Brock"),
    ("Person", None, "Kim Rep", "Kim Rep"),
    ("Email", "email", "ada@firm1.example", "bo@firm2.example"),
    ("Phone", "phone", "+44 20 7946 0111", "+44 20 7946 0112"),
    ("Date added", "submitted_at", "2026-10-01", "2026-10-02"),
]
GRAVITY_FORMS: Columns = [
    ("Your Name (Prefix)", None, "Dr.", ""),
    ("Your Name (First)", "first_name", "Ada", "Bo"),
    ("Your Name (Middle)", None, "Marie", ""),
    ("Your Name (Last)", "last_name", "Ashby", "Brock"),
    ("Your Name (Suffix)", None, "", "Jr."),
    ("Email (Enter Email)", "email", "ada@firm1.example", "bo@firm2.example"),
    ("Entry Id", "record_id", "101", "102"),
    ("Entry Date", "submitted_at", "2026-10-01 10:00:00", "2026-10-02 10:00:00"),
]
JOTFORM: Columns = [
    ("Submission Date", "submitted_at", "2026-10-01 10:00:00", "2026-10-02 10:00:00"),
    ("Name - First Name", "first_name", "Ada", "Bo"),
    ("Name - Middle Name", None, "Marie", ""),
    ("Name - Last Name", "last_name", "Ashby", "Brock"),
    ("Name - Prefix", None, "Dr.", ""),
    ("Email", "email", "ada@firm1.example", "bo@firm2.example"),
]
FRESHSALES: Columns = [
    ("Id", "record_id", "1", "2"),
    ("First name", "first_name", "Ada", "Bo"),
    ("Last name", "last_name", "Ashby", "Brock"),
    ("Emails", "email", "ada@firm1.example;ada@home.example", "bo@firm2.example"),
    ("Mobile", "phone", "+44 20 7946 0111", "+44 20 7946 0112"),
    ("Sales account", "company_name", "Firm 1 Ltd", "Firm 2"),
    ("Created at", "submitted_at", "2026-10-01T10:00:00Z", "2026-10-02T10:00:00Z"),
]
PIPEDRIVE_PEOPLE: Columns = [
    ("Person - Name", "full_name", "Ada Ashby", "Bo Brock"),
    ("Person - Email - Work", "email", "ada@firm1.example", ""),
    ("Person - Email - Home", "email", "", "bo@home.example"),
    ("Person - Phone - Work", "phone", "", "+372 5550 1235"),
    ("Person - Phone - Mobile", "phone", "+372 5550 1234", ""),
]
BEXIO: Columns = [
    ("Name", "last_name", "Müller", "de Weck"),
    ("Vorname", "first_name", "Anna", "Luc"),
    ("E-Mail", "email", "anna@mueller.example", "luc@weck.example"),
    ("Natel", "phone", "079 555 01 23", "079 555 01 24"),
]
FORM_HU: Columns = [
    ("Vezetéknév", "last_name", "Kovács", "Nagy"),
    ("Keresztnév", "first_name", "János", "Anna"),
    ("E-mail cím", "email", "janos@kovacs.example", "anna@nagy.example"),
    ("Telefonszám", "phone", "+36 30 555 0123", "+36 30 555 0124"),
    ("Cégnév", "company_name", "Kovács Kft.", "Nagy Zrt."),
]
FORM_CS: Columns = [
    ("Jméno", "first_name", "Jan", "Eva"),
    ("Příjmení", "last_name", "Novák", "Nováková"),
    ("E-mail", "email", "jan@novak.example", "eva@novakova.example"),
    ("Společnost", "company_name", "Novák s.r.o.", "Eva Nováková"),
]
FORM_JA: Columns = [
    ("タイムスタンプ", "submitted_at", "2026/11/20 14:30:00", "2026/11/21 14:30:00"),
    ("氏名", "full_name", "山田 太郎", "佐藤花子"),
    ("メールアドレス", "email", "taro@yamada.example", "hanako@sato.example"),
    ("電話番号", "phone", "03-5550-1234", "090-5550-1234"),
    ("会社名", "company_name", "山田製作所", "佐藤商事"),
]
FORM_VI: Columns = [
    ("Họ và tên", "full_name", "Nguyễn Văn An", "Trần Thị Lan"),
    ("Email", "email", "an@nguyen.example", "lan@tran.example"),
    ("Số điện thoại", "phone", "+84 905 550 123", "+84 905 550 124"),
    ("Công ty", "company_name", "An Co", "Lan Co"),
]
FORM_AR: Columns = [
    ("الاسم", "full_name", "محمد بن سلمان", "Mohammed Al Maktoum"),
    ("البريد الإلكتروني", "email", "m@salman.example", "mm@maktoum.example"),
    ("رقم الهاتف", "phone", "+966 50 555 0123", "+966 50 555 0124"),
]
EXPORTS: dict[str, Columns] = {
    name.lower(): columns for name, columns in globals().items() if isinstance(columns, list)
}
