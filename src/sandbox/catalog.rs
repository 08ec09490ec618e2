//! What stands in the simulated data centres: GPU models, places, words.

/// One GPU model and what hosts that carry it look like.
pub(super) struct Model {
    /// As the market spells it.
    pub name: &'static str,
    /// Memory of one GPU in MB.
    pub memory: u64,
    /// TFLOPS of one GPU.
    pub tflops: u64,
    /// Cheapest and dearest price in tenths of a cent per GPU-hour.
    pub price: (u64, u64),
    /// How many of 100 hosts carry it.
    pub share: u64,
    /// GPU counts of its hosts.
    pub counts: &'static [u32],
}

pub(super) const fn model(
    name: &'static str,
    memory: u64,
    tflops: u64,
    price: (u64, u64),
    share: u64,
    counts: &'static [u32],
) -> Model {
    Model { name, memory, tflops, price, share, counts }
}

/// Every model; each has at least one host in every world.
pub(super) const MODELS: &[Model] = &[
    model("RTX 3060", 12_288, 13, (50, 110), 12, &[1, 2, 4, 6, 8]),
    model("RTX 3090", 24_576, 36, (150, 260), 14, &[2, 4, 6, 8]),
    model("RTX 4090", 24_564, 82, (310, 520), 18, &[1, 2, 4, 6, 8]),
    model("RTX 5090", 32_607, 105, (450, 780), 14, &[1, 4, 6, 8]),
    model("RTX A2000", 6_138, 8, (60, 120), 5, &[1, 2, 4]),
    model("RTX A4000", 16_376, 19, (120, 210), 9, &[2, 4, 6, 8]),
    model("RTX A6000", 49_140, 39, (390, 640), 6, &[2, 4, 8]),
    model("L40S", 46_068, 91, (650, 1_050), 5, &[2, 4, 8]),
    model("A100 80GB", 81_920, 19, (1_050, 1_690), 5, &[4, 8]),
    model("H100", 81_559, 67, (1_990, 3_200), 4, &[4, 8]),
    model("H200", 143_771, 67, (2_600, 4_000), 2, &[8]),
    model("P104-100", 8_192, 7, (50, 70), 3, &[6, 8, 12]),
    model("RTX PRO 6000 Blackwell Workstation Edition", 97_887, 126, (1_100, 1_800), 2, &[1, 2, 4]),
    model("RTX PRO 6000 Blackwell Workstation Edition MIG 2g.48gb", 48_512, 60, (600, 900), 1, &[1, 2, 4]),
];

/// One data centre.
pub(super) struct Place {
    /// Continent, as the market's `region` filter spells it.
    pub region: &'static str,
    /// Country code.
    pub country: &'static str,
    /// Data centre code (API sheet §3.1: `EU-PL-01`).
    pub code: &'static str,
}

pub(super) const fn place(region: &'static str, country: &'static str, code: &'static str) -> Place {
    Place { region, country, code }
}

/// Every data centre; the Polish ones stand several times because most hosts are there.
pub(super) const PLACES: &[Place] = &[
    place("Europe", "PL", "EU-PL-01"),
    place("Europe", "PL", "EU-PL-01"),
    place("Europe", "PL", "EU-PL-02"),
    place("Europe", "DE", "EU-DE-01"),
    place("Europe", "FI", "EU-FI-01"),
    place("Europe", "CZ", "EU-CZ-01"),
    place("North America", "US", "NA-US-01"),
    place("North America", "US", "NA-US-02"),
    place("North America", "CA", "NA-CA-01"),
    place("Asia", "JP", "AS-JP-01"),
    place("Asia", "TH", "AS-TH-01"),
    place("Oceania", "AU", "OC-AU-01"),
    place("South America", "BR", "SA-BR-01"),
];

/// CUDA versions with a driver that brings them.
pub(super) const CUDA: &[(&str, &str)] = &[
    ("11.8", "520.61.05"),
    ("12.2", "535.183.01"),
    ("12.4", "550.120"),
    ("12.6", "560.35.03"),
    ("12.8", "570.133.20"),
    ("12.9", "575.57.08"),
    ("12.10", "577.10"),
    ("13.0", "580.82"),
    ("13.0", "580.95.05"),
];

/// First words of a machine's random name.
pub(super) const ADJECTIVES: &[&str] = &[
    "sensible", "brave", "quiet", "amber", "rapid", "gentle", "lucky", "proud", "silver", "wild", "witty", "cosmic",
    "eager", "frosty", "humble", "jolly", "keen", "mellow", "noble", "patient",
];

/// Second words of a machine's random name.
pub(super) const ANIMALS: &[&str] = &[
    "pangolin", "otter", "heron", "lynx", "marten", "badger", "falcon", "gecko", "ibex", "jackal", "koala", "lemur",
    "moose", "narwhal", "ocelot", "puffin", "quokka", "raven", "stoat", "tapir",
];
