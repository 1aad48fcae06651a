"""Words that tell what stands beside them on a page, in the languages of the sites we read. Lower case throughout."""


def words(text: str) -> frozenset[str]:
    """Return the words of ``text``: a readable way to write a long set."""
    return frozenset(text.split())


RESERVED_TLDS = words("example test localhost invalid")
"""RFC 2606 and 6761."""

FILE_ENDINGS = words(
    "png jpg jpeg gif webp svg avif bmp ico tif tiff heic css js mjs ts jsx tsx json xml html htm php asp aspx pdf "
    "doc docx"
    " xls xlsx ppt pptx txt mp3 mp4 m4a wav ogg webm woff woff2 ttf eot otf map min vue scss less rar tar gz exe "
    "dmg apk"
)
GLUED = (
    "telefon", "telephone", "telefax", "tel", "puhelin", "puh", "phone", "mobile", "mobil", "fax", "faksi", "www",
    "http",
    "https", "website", "web", "tlf", "tfn", "and", "oder", "und", "or", "ja", "och", "et", "y", "adresse", "address",
)  # fmt: skip

ROLES = words(
    """
    info infos information informations contact contacts contactus kontakt kontakte kontakti contacto contactos
    contatto contatti contato kontaktai kontakta hello hallo hei hej hi hola bonjour ciao office buero bureau biuro
    sekretariat secretariat secretaria segreteria secretary sekretariatet kanslia toimisto postmaster webmaster
    admin administration administracion administrator amministrazione administracja hallinto verwaltung support
    helpdesk help hilfe tuki service services kundenservice kundeservice kundservice kundendienst asiakaspalvelu
    klantenservice customerservice customercare care client clients clienti cliente sav sales salg salj myynti
    verkauf vertrieb vente ventes ventas vendas vendite verkoop sprzedaz handel commercial comercial commerciale
    orders order bestellung bestellungen tilaus tilaukset commande commandes pedidos ordini zamowienia bestilling
    booking bookings book reservation reservations reservierung reservierungen reservas reserva reservaciones
    prenotazioni prenotazione rezerwacja rezerwacje varaus varaukset ajanvaraus boka bokning bord tisch termin
    termine rendezvous rdv appointment appointments reception recepcion recepcja rezeption accueil empfang
    vastaanotto resepsjon billing invoice invoices rechnung rechnungen buchhaltung laskut laskutus faktura fakturor
    facturacion facturation comptabilite contabilita contabilidad accounts accounting accountspayable finance
    ksiegowosc ekonomi taloushallinto marketing markkinointi press presse prensa stampa media pr news newsletter
    redaktion jobs job career careers karriere bewerbung bewerbungen rekry rekrytointi emploi recrutement empleo
    rrhh lavoro rekrutacja hr personal work shop store boutique tienda negozio butik butikk kauppa myymala sklep
    laden winkel webshop verkkokauppa online eshop mail email post posti poczta posta correo correio courrier
    mailbox team equipe general enquiries enquiry inquiries inquiry anfrage anfragen consultas ask questions
    feedback palaute legal privacy datenschutz dpo gdpr tietosuoja rgpd privacidad impressum compliance abuse
    security it tech technik technical webteam web site website restaurant ristorante restaurante ravintola
    restauracja cafe kahvila kawiarnia bar pub hotel hotelli hostel praxis clinic clinica klinik klinikka cabinet
    studio atelier salon salong kampaamo galerie gallery museum museo museet workshop werkstatt korjaamo garage
    verksted taller officina warsztat catering events event eventos event-team veranstaltungen tapahtumat kitchen
    kueche keittio chef direction direccion direzione geschaeftsfuehrung johto management manager rektor dyrekcja
    lager warehouse varasto logistics logistik export import einkauf purchasing osto inkoop reception1 frontdesk
    concierge spa bakery baeckerei boulangerie panaderia leipomo piekarnia dental tandarts zahnarzt dentist
    hammaslaakari pharmacy apotheke apteekki pharmacie farmacia apteka apotek kundtjanst firmapost info-fi ilmo
    ilmoittautuminen toimitus noreply edu school kurssit yhteys yhteydenotto hostmaster dyrektor zapytania yleinen
    kontor kontoret postkasse postmottak mottak firma bedrift yritys empresa azienda entreprise sklep rezervace
    rezervacie objednavky obchod uzletkotes iroda titkarsag rendeles ugyfelszolgalat klient klienti klientu tellimus
    """
)
"""Mailboxes that are a function's."""

NO_REPLY = words(
    "git svn noreply no-reply no_reply no.reply donotreply do-not-reply do_not_reply"
    " nepasrepondre ne-pas-repondre noresponder"
    " mailer-daemon bounce bounces unsubscribe eivastata"
)
PLACEHOLDER_LOCALS = words(
    """
    your youremail yourname yourmail your.email your-email you youraddress yourusername someone somebody johndoe
    janedoe johnsmith.example jane.roe firstname.lastname firstnamelastname firstname lastname first.last
    vorname.nachname vornamenachname vorname nachname v.nachname prenom.nom prenomnom prénom.nom etunimi.sukunimi
    etunimisukunimi etunimi fornamn.efternamn fornamnefternamn fornavn.efternavn fornavnefternavn fornavn.etternavn
    fornavnetternavn imie.nazwisko imienazwisko nombre.apellido nombreapellido nome.cognome nomecognome
    nome.sobrenome nomesobrenome voornaam.achternaam voornaamachternaam eesnimi.perenimi eesnimiperenimi
    jmeno.prijmeni jmenoprijmeni maxmustermann mustermann erikamustermann musterfrau jeandupont tucorreo tu-correo
    tuemail tu.email suemail votreemail votre.email votre-email votrenom tuaemail latuaemail twojemail twoj.email
    sinunnimesi oma.nimi nimi.sukunimi dinepost din.epost deineemail deine.email ihreemail ihre.email ihrname
    uwemail jouwemail jouw.email seuemail seu.email youremailhere email.address emailaddress
    """
)

EMAIL_LABELS = words(
    """
    email e-mail mail mailto epost e-post sähköposti sahkoposti säpo s-posti courriel mél correo correoelectrónico
    emil mejl adresemail e-mailadresse e-mailadres mailadresse emailadresse epostadress e-postadress meili posta
    poczta pošta электронная почта email-adresse e-mail-adresse e-mailová adresa indirizzo mailová eposti e-postitse
    contact kontakt
    """
)

WEBMAIL = words(
    """
    gmail.com googlemail.com outlook.com icloud.com me.com mac.com aol.com msn.com proton.me protonmail.com pm.me
    zoho.com fastmail.com fastmail.fm hey.com mail.com email.com tutanota.com tuta.io inbox.com web.de t-online.de
    freenet.de arcor.de online.de gmx.net mailbox.org posteo.de kabelmail.de vodafone.de 1und1.de orange.fr
    wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr aliceadsl.fr numericable.fr club-internet.fr libero.it
    virgilio.it tiscali.it alice.it tin.it inwind.it fastwebnet.it iol.it wp.pl o2.pl onet.pl onet.eu interia.pl
    interia.eu op.pl poczta.fm poczta.onet.pl vp.pl tlen.pl gazeta.pl mail.ru bk.ru list.ru inbox.ru rambler.ru
    ya.ru kolumbus.fi elisanet.fi luukku.com saunalahti.fi suomi24.fi pp.inet.fi inet.fi netti.fi phnet.fi
    dnainternet.net welho.com telia.com bredband.net comhem.se spray.se home.se swipnet.se tele2.se online.no
    broadpark.no mail.dk jubii.dk ofir.dk stofanet.dk ziggo.nl planet.nl hetnet.nl kpnmail.nl kpnplanet.nl xs4all.nl
    home.nl casema.nl upcmail.nl quicknet.nl telenet.be skynet.be proximus.be scarlet.be bluewin.ch hispeed.ch
    sunrise.ch seznam.cz centrum.cz email.cz volny.cz post.cz azet.sk zoznam.sk freemail.hu citromail.hu abv.bg
    mail.bg btinternet.com btconnect.com sky.com virginmedia.com ntlworld.com talktalk.net blueyonder.co.uk
    tiscali.co.uk eircom.net comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net
    earthlink.net optonline.net juno.com rogers.com shaw.ca sympatico.ca telus.net bigpond.com bigpond.net.au
    optusnet.com.au xtra.co.nz qq.com 163.com 126.com sina.com naver.com hanmail.net daum.net nate.com docomo.ne.jp
    ezweb.ne.jp softbank.ne.jp mail.ee hot.ee online.ee inbox.lv inbox.lt one.lt uol.com.br bol.com.br terra.com.br
    ig.com.br telefonica.net ono.com sapo.pt netcabo.pt otenet.gr forthnet.gr aon.at chello.at utanet.at kabsi.at
    utu.fi.invalid rediffmail.com walla.co.il walla.com netvision.net.il simnet.is
    """
)
WEBMAIL_BRANDS = words("hotmail live yahoo ymail rocketmail gmx yandex outlook aol")
"""Providers with a domain in every country."""
