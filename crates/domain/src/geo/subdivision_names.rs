//! What people, Salesforce orgs and proxies write for a state or region besides its ISO 3166-2 code and name.

/// In force, but missing from `rust_iso3166`: Norway's counties of 2024 (ISO 3166-2:NO).
pub(super) const ADDED: &[(&str, &str, &str)] = &[
    ("NO", "NO-31", "Østfold"),
    ("NO", "NO-32", "Akershus"),
    ("NO", "NO-33", "Buskerud"),
    ("NO", "NO-39", "Vestfold"),
    ("NO", "NO-40", "Telemark"),
    ("NO", "NO-55", "Troms"),
    ("NO", "NO-56", "Finnmark"),
];

/// Spain's communities of one province, which ISO lists twice: the province, and the community it counts as.
pub(super) const SAME_PLACE: &[(&str, &str)] = &[
    ("ES-LO", "ES-RI"),
    ("ES-M", "ES-MD"),
    ("ES-MU", "ES-MC"),
    ("ES-NA", "ES-NC"),
    ("ES-O", "ES-AS"),
    ("ES-PM", "ES-IB"),
    ("ES-S", "ES-CB"),
];

/// Words around a name that say only what kind of place it is.
pub(super) const KINDS: &[&str] = &[
    "autonomous",
    "bundesland",
    "canton",
    "comunidad",
    "comunitat",
    "county",
    "departamento",
    "departement",
    "department",
    "distrito",
    "district",
    "emirate",
    "estado",
    "etat",
    "foral",
    "freistaat",
    "fylke",
    "fylkeskommune",
    "governorate",
    "hansestadt",
    "kanton",
    "krai",
    "kraj",
    "kray",
    "lan",
    "land",
    "maakond",
    "maakunta",
    "megye",
    "metropolitan",
    "muhafazah",
    "municipality",
    "oblast",
    "okrug",
    "oblysy",
    "prefecture",
    "principado",
    "province",
    "provincia",
    "provincie",
    "provins",
    "provinz",
    "region",
    "regione",
    "regiao",
    "regierungsbezirk",
    "republic",
    "republique",
    "respublika",
    "sheng",
    "shi",
    "sar",
    "special",
    "administrative",
    "state",
    "territory",
    "varmegye",
    "voivodeship",
    "wojewodztwo",
    "zizhiqu",
    "city",
    "cidade",
    "ciudad",
    "judet",
    "judetul",
    "viloyati",
    "gewest",
    "avtonomnyy",
    "avtonomnaya",
    "autonoma",
    "autonome",
    "autonomo",
    "freie",
    "und",
];

/// Words that tie a kind to its name: "Canton of", "Région de", "Land of".
pub(super) const TIES: &[&str] = &["of", "de", "du", "des", "d", "del", "della", "di", "do", "da", "der", "the"];

/// Short kinds that end a name in one country only: "Tokyo-to", "Gyeonggi-do", "County Cork" written "Co. Cork".
pub(super) const KINDS_OF: &[(&str, &[&str])] = &[
    ("GB", &["co"]),
    ("IE", &["co"]),
    ("JP", &["to", "fu", "ken"]),
    ("KR", &["do", "si", "teukbyeolsi", "gwangyeoksi", "teukbyeoljachido", "teukbyeoljachisi"]),
    ("TR", &["ili"]),
];

/// Kinds that are written as the last letter of a name, in one country.
pub(super) const LAST_LETTERS: &[(&str, &[char])] =
    &[("CN", &['省', '市']), ("JP", &['都', '府', '県']), ("TW", &['市', '縣'])];

/// Other names and former codes: by country, `code=name|name` parted by `;`.
pub(super) const OTHER_NAMES: &[(&str, &str)] = &[
    (
        "AE",
        "AJ=Ajman;AZ=Abu Dhabi;DU=Dubai;FU=Fujairah;RK=Ras Al Khaimah|Ras al-Khaimah;SH=Sharjah;UQ=Umm Al Quwain|Umm al-Quwain",
    ),
    (
        "AR",
        "C=Buenos Aires City|City of Buenos Aires|CABA|Capital Federal|Buenos Aires F.D.|Autonomous City of Buenos Aires|Ciudad de Buenos Aires|Buenos Aires Autonomous City;B=Buenos Aires Province|Provincia de Buenos Aires;V=Tierra del Fuego, Antártida e Islas del Atlántico Sur",
    ),
    (
        "AT",
        "2=Carinthia|Kaernten;3=Lower Austria|Niederoesterreich;4=Upper Austria|Oberoesterreich;6=Styria;7=Tyrol;9=Vienna",
    ),
    ("AU", "ACT=Canberra;NSW=N.S.W.;QLD=Qld.;TAS=Tas.;VIC=Vic.;WA=West Australia"),
    (
        "BE",
        "BRU=Brussels|Bruxelles|Brussel|Brussels Capital|Brussels-Capital Region|Brussels Hoofdstedelijk Gewest;VAN=Antwerp|Anvers;VBR=Flemish Brabant;VLG=Flanders|Vlaanderen|Flandre|Flemish Region|Flemish;VOV=East Flanders;VWV=West Flanders;WAL=Wallonia|Wallonie|Walloon Region|Wallonië|Walloon;WBR=Walloon Brabant|Waals-Brabant;WHT=Henegouwen;WLG=Luik;WNA=Namen",
    ),
    ("BG", "22=Sofia|Sofia City|Sofia-Capital|Sofia-Grad|Capital;23=Sofia Province"),
    ("BR", "DF=Federal District|Brasília"),
    (
        "CA",
        "BC=B.C.|Colombie-Britannique;NB=Nouveau-Brunswick;NL=Newfoundland|Terre-Neuve-et-Labrador|NF|Newfoundland & Labrador;NS=Nouvelle-Écosse;NT=Territoires du Nord-Ouest;PE=PEI|P.E.I.|Île-du-Prince-Édouard;QC=PQ|Que.|Québec;ON=Ont.;YT=Yukon Territory;AB=Alta.;MB=Man.;SK=Sask.",
    ),
    (
        "CH",
        "AG=Argovia|Argovie;AI=Appenzell Inner Rhodes;AR=Appenzell Outer Rhodes;BE=Bern|Berna;BL=Basel-Country|Baselland;BS=Basel-City|Basel|Bâle-Ville;FR=Freiburg;GE=Geneva|Genf|Ginevra;GR=Grisons|Grigioni|Graubuenden;LU=Lucerne;NE=Neuenburg;SG=St. Gallen|St Gallen|Saint Gallen|Saint-Gall;TG=Thurgovia;TI=Tessin;VD=Waadt;VS=Wallis;ZH=Zurich|Zuerich|Zurigo",
    ),
    (
        "CL",
        "RM=Santiago Metropolitan|Región Metropolitana|Santiago|Santiago Metropolitan Region;AI=Aysén;LI=O'Higgins;MA=Magallanes y de la Antártica Chilena;AR=Araucanía",
    ),
    (
        "CN",
        "AH=安徽|34;BJ=北京|11|Peking;CQ=重庆|50|Chungking;FJ=福建|35|Fukien;GD=广东|44|Canton;GS=甘肃|62;GX=Guangxi|广西|45|Guangxi Zhuang;GZ=贵州|52;HA=河南|41;HB=湖北|42;HE=河北|13;HI=海南|46;HK=Hong Kong|香港|91;HL=黑龙江|23;HN=湖南|43;JL=吉林|22;JS=江苏|32;JX=江西|36;LN=辽宁|21;MO=Macau|澳门|92;NM=Inner Mongolia|Nei Mongol|Nei Menggu|内蒙古|15;NX=Ningxia|宁夏|64|Ningxia Hui;QH=青海|63;SC=四川|51|Szechuan;SD=山东|37;SH=上海|31;SN=陕西|61;SX=山西|14;TJ=天津|12|Tientsin;TW=台湾|71;XJ=Xinjiang|新疆|65|Xinjiang Uyghur;XZ=Tibet|Xizang|西藏|54;YN=云南|53;ZJ=浙江|33",
    ),
    ("CO", "DC=Bogotá|Bogota D.C.|Distrito Capital;SAP=San Andrés y Providencia|San Andrés"),
    (
        "CZ",
        "10=Prague|Praha|Prag;20=Central Bohemia|Central Bohemian;31=South Bohemia|South Bohemian;32=Plzen|Pilsen;41=Karlovy Vary Region;42=Usti nad Labem Region;51=Liberec Region;52=Hradec Kralove Region;53=Pardubice Region;63=Vysočina|Highlands;64=South Moravia|South Moravian;71=Olomouc Region;72=Zlin Region;80=Moravia-Silesia|Moravian-Silesian",
    ),
    (
        "DE",
        "BW=Baden-Wuerttemberg|BaWü|Bade-Wurtemberg;BY=Bavaria|Bavière|Baviera;HE=Hesse;HB=Free Hanseatic City of Bremen;HH=Hamburg, Freie und Hansestadt;MV=Mecklenburg-Western Pomerania|Mecklenburg-West Pomerania|Mecklenburg;NI=Lower Saxony;NW=NRW|North Rhine-Westphalia|North Rhine Westfalia|Nordrhein-Westphalen;RP=Rhineland-Palatinate|Palatinate;SN=Saxony;ST=Saxony-Anhalt;TH=Thuringia|Thueringen",
    ),
    (
        "DK",
        "81=North Denmark|North Jutland;82=Central Denmark|Central Jutland;83=South Denmark|Southern Denmark;84=Capital Region|Capital Region of Denmark|Hovedstaden|Copenhagen;85=Zealand|Sjaelland",
    ),
    (
        "EG",
        "ALX=Alexandria;C=Cairo;GZ=Giza;PTS=Port Said;SUZ=Suez;LX=Luxor;ASN=Aswan;SHR=Sharqia;GH=Gharbia;DK=Dakahlia;BH=Beheira;KB=Qalyubia",
    ),
    (
        "ES",
        "AN=Andalusia|Andalousie;AR=Aragon;AS=Principality of Asturias;CL=Castile and León|Castilla-León;CM=Castile-La Mancha|Castilla La Mancha;CN=Canary Islands|Canaries|Islas Canarias;CT=Catalonia|Cataluña|Catalogne;IB=Balearic Islands|Islas Baleares|Baleares|Balearics;MD=Madrid|Community of Madrid;NC=Navarre|Navarra;PV=Basque Country|Euskadi|Euskal Herria|Pais Vasco/Euskadi;VC=Valencian Community|Comunitat Valenciana|Comunidad Valenciana|Valencia Region;MC=Murcia|Region of Murcia;A=Alacant;C=La Coruña|Coruna;OR=Orense;GI=Gerona;L=Lérida;SS=Guipúzcoa|Guipuzkoa;BI=Vizcaya|Biscay;VI=Araba;SE=Seville",
    ),
    (
        "FI",
        "01=Åland|Ahvenanmaa;05=Kajanaland;08=Central Finland|Mellersta Finland;10=Lapland|Lappland;11=Birkaland;12=Ostrobothnia|Österbotten;14=North Ostrobothnia|Northern Ostrobothnia;18=Nyland;19=Southwest Finland|Finland Proper|Egentliga Finland;02=South Karelia;13=North Karelia;03=South Ostrobothnia;04=South Savo;15=North Savo",
    ),
    (
        "FR",
        "20R=Corsica|COR|La Corse;BFC=Burgundy-Franche-Comté|Bourgogne Franche Comte;BRE=Brittany;CVL=Centre|Centre Val de Loire;IDF=Ile de France|Paris Region|Région parisienne;NOR=Normandy;PAC=PACA|Provence|Provence-Alpes-Cote d'Azur|Provence-Alpes-Cote d Azur;PDL=Pays de la Loire;75C=75|Ville de Paris;69=Lyon;OCC=Occitania;NAQ=Nouvelle Aquitaine;974=Réunion;973=French Guiana|Guyane;6AE=Alsace region",
    ),
    (
        "GB",
        "ENG=Angleterre;NIR=N. Ireland|N Ireland|Ulster;SCT=Écosse;WLS=Cymru;LND=City of London;EDH=Edinburgh;BST=Bristol;GLG=Glasgow;MAN=Manchester;BIR=Birmingham",
    ),
    (
        "GR",
        "A=East Macedonia and Thrace|Eastern Macedonia and Thrace;B=Central Macedonia;C=West Macedonia|Western Macedonia;D=Epirus;E=Thessaly;F=Ionian Islands;G=West Greece|Western Greece;H=Central Greece;I=Attica|Attiki;J=Peloponnese;K=North Aegean;L=South Aegean;M=Crete|Kriti;69=Mount Athos",
    ),
    (
        "ID",
        "JK=Jakarta|DKI Jakarta|Special Capital Region of Jakarta|Daerah Khusus Ibukota Jakarta;JB=West Java;JI=East Java;JT=Central Java;BT=Banten Province;YO=Special Region of Yogyakarta|Daerah Istimewa Yogyakarta|DI Yogyakarta;KR=Riau Islands;SU=North Sumatra;SB=West Sumatra;SS=South Sumatra;SN=South Sulawesi;SA=North Sulawesi;KI=East Kalimantan;KB=West Kalimantan;KS=South Kalimantan;NB=West Nusa Tenggara;NT=East Nusa Tenggara;BB=Bangka Belitung",
    ),
    ("IE", "D=Dublin City|Baile Átha Cliath;C=Connacht"),
    (
        "IL",
        "D=Southern District|South District;HA=Haifa;JM=Jerusalem;M=Central District|Center District;TA=Tel Aviv|Tel-Aviv;Z=Northern District|North District",
    ),
    (
        "IN",
        "AP=Andhra;CG=CT|Chattisgarh;DH=Dadra and Nagar Haveli|Daman and Diu|DN|DD;DL=New Delhi|NCT of Delhi|National Capital Territory of Delhi;JK=Jammu & Kashmir;MH=Maharastra;OD=OR|Orissa;PY=Pondicherry;TN=Tamilnadu;TS=TG|TL;UK=UT|Uttaranchal;WB=Bengal",
    ),
    (
        "IT",
        "21=Piedmont;23=Aosta Valley|Vallée d'Aoste|Val d'Aosta|Valle d’Aosta/Vallée d’Aoste;25=Lombardy;32=Trentino-South Tyrol|Trentino Alto Adige/Südtirol|Trentino-Südtirol;36=Friuli-Venezia Giulia|Friuli;45=Emilia Romagna;52=Tuscany;57=The Marches|Le Marche;62=Latium;75=Apulia;82=Sicily;88=Sardinia;BZ=South Tyrol|Alto Adige|Südtirol|Bozen;FI=Florence;GE=Genoa;MI=Milan;NA=Naples;PD=Padua;RM=Rome;TO=Turin;VE=Venice;MN=Mantua;SR=Syracuse",
    ),
    (
        "JP",
        "01=北海道;02=青森;03=岩手;04=宮城;05=秋田;06=山形;07=福島;08=茨城;09=栃木;10=群馬;11=埼玉;12=千葉;13=東京|Tokio;14=神奈川;15=新潟;16=富山;17=石川;18=福井;19=山梨;20=長野;21=岐阜;22=静岡;23=愛知;24=三重;25=滋賀;26=京都;27=大阪|Ōsaka;28=兵庫|Hyōgo;29=奈良;30=和歌山;31=鳥取;32=島根;33=岡山;34=広島;35=山口;36=徳島;37=香川;38=愛媛;39=高知;40=福岡;41=佐賀;42=長崎;43=熊本;44=大分|Ohita;45=宮崎;46=鹿児島;47=沖縄;10=Gumma",
    ),
    (
        "KR",
        "11=Seoul|서울|서울특별시;26=Busan|Pusan|부산|부산광역시;27=Daegu|대구|대구광역시;28=Incheon|인천|인천광역시;29=Gwangju|광주|광주광역시;30=Daejeon|대전|대전광역시;31=Ulsan|울산|울산광역시;41=Gyeonggi|경기도|경기;42=Gangwon|강원도|Gangwon-do|강원특별자치도;43=North Chungcheong|충청북도;44=South Chungcheong|충청남도;45=North Jeolla|전라북도|Jeonbuk|전북특별자치도;46=South Jeolla|전라남도;47=North Gyeongsang|경상북도;48=South Gyeongsang|경상남도;49=Jeju|제주도|제주특별자치도;50=세종|세종특별자치시|Sejong City",
    ),
    (
        "MX",
        "AGU=AG;BCN=BC|Baja California Norte;BCS=BS;CAM=CM;CHH=CH;CHP=CS;CMX=DF|Mexico City|CDMX|Distrito Federal|Federal District|México D.F.;COA=CO|Coahuila;COL=CL;DUR=DG;GRO=GR;GUA=GT;HID=HG;JAL=JA;MEX=ME|Estado de México|State of Mexico|Mexico State|Edomex;MIC=MI|Michoacán;MOR=MO;NAY=NA;NLE=NL;OAX=OA;PUE=PB;QUE=QE|Queretaro de Arteaga;ROO=QR;SIN=SI;SLP=SL;SON=SO;TAB=TB;TAM=TM;TLA=TL;VER=VE|Veracruz;YUC=YU;ZAC=ZA",
    ),
    (
        "MY",
        "04=Malacca;07=Penang;14=Kuala Lumpur|Federal Territory of Kuala Lumpur|WP Kuala Lumpur;15=Labuan;16=Putrajaya",
    ),
    ("NL", "FR=Friesland;NB=North Brabant|Brabant;NH=North Holland;ZH=South Holland;ZE=Zealand"),
    ("NO", "15=Møre & Romsdal;50=Trondelag;34=Inland"),
    ("NZ", "WGN=Wellington;HKB=Hawkes Bay;MWT=Manawatu-Wanganui|Manawatu"),
    ("PH", "00=NCR|Metro Manila|Manila"),
    (
        "PL",
        "02=Lower Silesia|Lower Silesian;04=Kuyavia-Pomerania|Kuyavian-Pomeranian;06=Lublin;08=Lubusz;10=Lodz;12=Lesser Poland|Malopolska;14=Mazovia|Masovia|Masovian|Mazovian;16=Opole;18=Subcarpathia|Subcarpathian;20=Podlasie|Podlachia;22=Pomerania|Pomeranian;24=Silesia|Silesian;26=Holy Cross|Świętokrzyskie Voivodeship;28=Warmia-Masuria|Warmian-Masurian;30=Greater Poland|Wielkopolska;32=West Pomerania|West Pomeranian",
    ),
    ("PT", "11=Lisbon;13=Oporto;20=Azores|Açores;30=Madeira"),
    ("RO", "B=Bucharest|Bucuresti;CJ=Cluj-Napoca"),
    (
        "RU",
        "MOW=Moscow|Москва;MOS=Moscow Oblast|Moscow Region|Московская область;SPE=Saint Petersburg|St. Petersburg|St Petersburg|Санкт-Петербург;LEN=Leningrad;TA=Republic of Tatarstan;KDA=Krasnodar;KYA=Krasnoyarsk;NVS=Novosibirsk;SVE=Sverdlovsk;NIZ=Nizhny Novgorod;ROS=Rostov;SAM=Samara;CHE=Chelyabinsk;PER=Perm;VOR=Voronezh;VGG=Volgograd;SAR=Saratov;TYU=Tyumen;PRI=Primorye;KGD=Kaliningrad;SA=Sakha|Yakutia;BA=Bashkiria;KR=Karelia;CE=Chechnya",
    ),
    (
        "SA",
        "01=Riyadh;02=Makkah|Mecca|Mecca Region;03=Madinah|Medina|Al Madinah;04=Eastern Province|Eastern;05=Qassim|Al Qassim;06=Hail;09=Jazan|Jizan;12=Jawf|Al Jouf;14=Asir",
    ),
    (
        "SE",
        "AB=Stockholm;AC=Västerbotten;BD=Norrbotten;C=Uppsala;D=Södermanland;E=Östergötland;F=Jönköping;G=Kronoberg;H=Kalmar;I=Gotland;K=Blekinge;M=Skåne|Scania;N=Halland;O=Västra Götaland|West Götaland;S=Värmland;T=Örebro;U=Västmanland;W=Dalarna|Dalecarlia;X=Gävleborg;Y=Västernorrland;Z=Jämtland",
    ),
    ("TH", "10=Bangkok|กรุงเทพมหานคร|Krung Thep;14=Ayutthaya;20=Chonburi;S=Pattaya"),
    ("TR", "33=İçel;34=Istanbul;03=Afyon"),
    ("TW", "TPE=台北|臺北|Taipei City;NWT=新北;KHH=高雄;TXG=台中;TNN=台南;TAO=桃園"),
    (
        "UA",
        "30=Kiev|Київ|Kyiv City;32=Kiev Oblast|Kyiv Oblast|Kyiv Region;46=Lviv;51=Odesa|Odessa;63=Kharkiv|Kharkov;12=Dnipropetrovsk|Dnipro;43=Crimea;61=Ternopil;05=Vinnytsia;14=Donetsk;23=Zaporizhzhia;53=Poltava;65=Kherson;48=Mykolaiv;71=Cherkasy;74=Chernihiv;77=Chernivtsi;56=Rivne;59=Sumy;18=Zhytomyr;07=Volyn;21=Zakarpattia",
    ),
    (
        "US",
        "AL=Ala.;AZ=Ariz.;AR=Ark.;CA=Calif.|Cali|Californie;CO=Colo.;CT=Conn.;DE=Del.;DC=Washington DC|Washington, D.C.|Washington D C|D.C.|Dist. of Columbia;FL=Fla.;HI=Hawai'i;IL=Ill.;IN=Ind.;KS=Kans.;KY=Commonwealth of Kentucky;LA=La.;MA=Mass.|Commonwealth of Massachusetts;MD=Md.;MI=Mich.;MN=Minn.;MO=Mo.;MS=Miss.;MT=Mont.;NE=Nebr.|Neb.;NV=Nev.;NH=N.H.;NJ=N.J.;NM=N. Mex.|New Mex.;NY=N.Y.|New York State|New York City|NYC;NC=N.C.|N. Carolina|N Carolina;ND=N.D.|N. Dakota|N Dakota;OK=Okla.;OR=Ore.|Oreg.;PA=Penn.|Penna.|Commonwealth of Pennsylvania;PR=P.R.;RI=R.I.|Rhode Island and Providence Plantations;SC=S.C.|S. Carolina|S Carolina;SD=S.D.|S. Dakota|S Dakota;TN=Tenn.;TX=Tex.;VA=Commonwealth of Virginia;VI=US Virgin Islands|U.S. Virgin Islands|Virgin Islands;VT=Vt.;WA=Wash.|Washington State;WI=Wis.|Wisc.;WV=W. Va.|W Virginia;WY=Wyo.;MP=CNMI",
    ),
    (
        "VN",
        "HN=Hanoi;SG=Ho Chi Minh City|Saigon|HCMC|TP Hồ Chí Minh|Thành phố Hồ Chí Minh;DN=Danang;HP=Haiphong;CT=Can Tho City",
    ),
    ("ZA", "KZN=KwaZulu Natal|KwaZulu;GP=GT|Gauteng Province;LP=Northern Province;NW=North West;FS=Orange Free State"),
];
