use super::*;
use crate::live::{Offer, Version};
use crate::market::{Moved, Requirement, bands, by_host, by_model, exclusions, free_gpus};
use crate::render::style::Style;
use crate::render::table::{Table, table_csv, table_json, table_text};
use rust_decimal::Decimal;
use unicode_width::UnicodeWidthStr;

fn offer(host: &str, model: &str, gpu_count: u32, price: &str) -> Offer {
    let decimal = |n: u32| Some(Decimal::from(n));
    Offer {
        iri: format!("/instances/market/{host}{gpu_count}"),
        available: host != "rented",
        gpu_model: model.into(),
        gpu_count,
        price_per_gpu: Usd(price.parse().expect("a decimal")),
        row_price: None,
        price_per_disk: Usd(Decimal::new(15, 2)),
        facts: OfferFacts {
            region: Some("Europe".into()),
            country: Some("PL".into()),
            gpu_memory: decimal(24),
            memory: Some(Decimal::new(64_215, 3) * Decimal::from(gpu_count)),
            disk: decimal(812),
            cuda_version: Some(Version("13.0".into())),
            driver_version: Some(Version("580.82".into())),
            cpu_cores: decimal(12 * gpu_count),
            disk_write: decimal(1650),
            download: decimal(934),
            upload: decimal(910),
            sla: Some(Decimal::new(998, 1)),
            tflops: decimal(82 * gpu_count),
            pcie_bandwidth: decimal(25),
            rental_time_min: decimal(1),
            ..OfferFacts::default()
        },
        host: host.into(),
    }
}

fn market() -> Vec<Offer> {
    vec![
        offer("a1b2c3d4e5f6", "RTX 4090", 1, "0.31"),
        offer("a1b2c3d4e5f6", "RTX 4090", 2, "0.31"),
        offer("a1b2c3d4e5f6", "RTX 4090", 3, "0.31"),
        offer("a1b2c3d4e5f6", "RTX 4090", 8, "0.30"),
        offer("rented", "RTX 4090", 1, "0.5"),
        offer("ffffffffffff", "NVIDIA RTX PRO 6000 Blackwell Server Edition MIG 2g.48gb \u{1b}[31m", 1, "1.25"),
    ]
}

fn tables() -> Vec<Table> {
    let market = market();
    let (all, free) = (market.iter().collect::<Vec<_>>(), free_gpus(&market));
    let told = Told { offers: 9, fitting: 6, empty: "None.".into(), ..Told::default() };
    vec![
        hosts_table(&by_host(&all, &free), &told),
        offers_table(&all, &told),
        models_table(&by_model(&all, &free), &told),
        bands_table(&bands(&all, &free), &told),
    ]
}

fn drawn(width: usize) -> String {
    let style = Style { color: false, width, endless: false };
    tables().iter().map(|table| table_text(table, false, style)).collect::<Vec<_>>().join("\n")
}

#[test]
fn at_80_columns() {
    let text = drawn(80);
    assert!(text.lines().all(|line| line.width() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn at_200_columns() {
    let text = drawn(200);
    assert!(text.lines().all(|line| line.width() <= 200) && !text.contains('\u{1b}'), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn programs_read_everything() {
    let tables = tables();
    let hosts = table_json(&tables[0]);
    assert_eq!(hosts["hosts"][0]["gpu_counts"], serde_json::json!([1, 2, 3, 8]));
    assert_eq!(hosts["hosts"][0]["memory"].to_string(), "513.72");
    assert_eq!(hosts["total"]["free_gpus"], 9);
    assert!(!hosts.to_string().contains("\"\""), "people's columns have no key");
    let offers = table_csv(&tables[1]);
    assert!(offers.starts_with("gpu_count,gpu_model,available,region,country,price_per_gpu,hourly_cost,"), "{offers}");
    assert_eq!(offers.lines().nth(4).map(|line| line.starts_with("8,RTX 4090,true,Europe,PL,0.3,2.4,")), Some(true));
    assert_eq!(table_json(&tables[2])["models"][0]["median"].to_string(), "0.31");
    let from = table_json(&tables[3])["bands"][0]["from"].to_string();
    assert_eq!(from, "0.3");
}

#[test]
fn an_empty_answer_names_the_flag_that_takes_most() {
    let market = market();
    let filter = Filter {
        gpu_models: vec!["rtx4090".into()],
        gpu_count: (Some(Decimal::from(4)), Some(Decimal::from(4))),
        requirement: Requirement([("min_memory".into(), "4096".into()), ("regions".into(), "Asia".into())].into()),
        ..Filter::default()
    };
    let excluded = |filter: &Filter| {
        let judged = filter.judged(&market);
        exclusions(judged.iter().map(|(_, unmet)| unmet.as_slice()))
    };
    let told = Told::of_filter(&filter, 6, excluded(&filter), 0, &["RTX 4090".into()]);
    assert_eq!(told.empty, "None of 6 offers fits. Excluded: 6 by -gpu-model=rtx4090. Did you mean \"RTX 4090\"?");
    let filter = Filter { gpu_models: Vec::new(), ..filter };
    let told = Told::of_filter(&filter, 6, excluded(&filter), 0, &[]);
    assert_eq!(
        told.empty,
        "None of 6 offers fits. Excluded: 6 by -gpu-count=4 (never alone), 6 by -min-memory=4096 (never alone), \
         6 by -region=Asia (never alone)."
    );
    let facts = table_json(&hosts_table(&[], &told));
    assert_eq!(facts["excluded"][1]["requirement"], "min_memory");
    assert_eq!(facts["excluded"][1]["alone"], 0);
    let memory = Requirement([("min_memory".into(), "4096".into())].into());
    let filter = Filter { requirement: memory, ..Filter::default() };
    let told = Told::of_filter(&filter, 6, excluded(&filter), 0, &[]);
    assert_eq!(told.empty, "None of 6 offers fits. Excluded: 6 by -min-memory=4096. Without -min-memory=4096, 6 fit.");
    let nothing = Told::of_filter(&Filter::default(), 0, Vec::new(), 0, &[]);
    assert_eq!(nothing.empty, "The market shows no offer.");
}

#[test]
fn moves_are_lines() {
    let market = market();
    let now = "2026-06-01T12:00:31Z".parse().expect("a time");
    let line = |moved: Moved<'_>| moved_line(&moved, now, Style::PLAIN);
    assert_eq!(line(Moved::New(&market[0])), "12:00:31 + 1x RTX 4090 in Europe/PL at $0.31 per GPU-hour");
    assert_eq!(line(Moved::Gone(&market[3])), "12:00:31 - 8x RTX 4090 in Europe/PL at $0.30 per GPU-hour");
    let before = Usd(Decimal::new(29, 2));
    assert_eq!(
        line(Moved::Price(&market[0], before)),
        "12:00:31 ~ 1x RTX 4090 in Europe/PL at $0.31 per GPU-hour, up from $0.29"
    );
    let json = moved_json(&Moved::Price(&market[0], before), now);
    assert_eq!((&json["change"], json["price_before"].to_string()), (&"price".into(), "0.29".into()));
    assert!(!line(Moved::New(&market[5])).contains('\u{1b}'));
}
