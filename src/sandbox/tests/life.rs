//! A machine from rent to its end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Sim, sim};

fn decoded(text: &Value) -> String {
    String::from_utf8(STANDARD.decode(text.as_str().unwrap()).unwrap()).unwrap()
}

/// Rents with a private template made of `template`.
async fn rent_with(sim: &Sim, template: Value, more: Value) -> u64 {
    sim.0.switch(|switches| switches.apply_spec("template-body=id").unwrap());
    let made = sim.call("POST", "/instances/templates", template).await.json();
    let mut body = Sim::rent_body(&sim.free().await[0]);
    body["instanceTemplate"] = json!(format!("/instances/templates/{}", made["id"]));
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let reply = sim.call("POST", "/instances", body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["id"].as_u64().unwrap()
}

#[tokio::test]
async fn from_created_to_running_with_console_and_ports() {
    let sim = sim(&["boot=10", "ports-open=5"]).await;
    let template = json!({"name": "t", "imageName": "img", "exposePorts": "8000", "isRunSshServerOn": true, "isRunJupyterOn": true});
    let id = rent_with(&sim, template, json!({"startScript": "python serve.py"})).await;
    let born = sim.machine(id).await;
    assert_eq!((&born["status"], &born["startScript"]), (&json!("created"), &json!("python serve.py")));
    assert_eq!(
        decoded(&born["console"]),
        "Your instance will be ready shortly. Download starting, please wait up to 5 minutes."
    );
    let sources: Vec<Value> =
        born["ports"]["direct"].as_array().unwrap().iter().map(|port| port["srcPort"].clone()).collect();
    assert_eq!(json!(sources), json!(["0console", 8000, 22, 8888]));
    assert!(born["ports"]["direct"].as_array().unwrap().iter().all(|port| port["destPort"].is_string()));
    assert_eq!(born["ports"]["proxy"][0], json!({"srcPort": 8000, "protocol": "closed", "url": "closed"}));
    sim.advance(10);
    let running = sim.machine(id).await;
    assert_eq!(running["status"], "running");
    assert_eq!(running["ports"]["direct"][1]["protocol"], "checking");
    let lines = "please wait up to 5 minutes.\nPreparing instance...\nPulling image...\nImage pulled\nStarting container\nRunning start scripts...";
    assert!(decoded(&running["consoleSystem"]).ends_with(lines));
    assert!(decoded(&running["console"]).ends_with("\n+ python serve.py"));
    sim.advance(5);
    let open = sim.machine(id).await;
    let (direct, proxy) = (&open["ports"]["direct"][1], &open["ports"]["proxy"][0]);
    let url = format!("http://{}:{}", open["rig"]["ip"].as_str().unwrap(), direct["destPort"].as_str().unwrap());
    assert_eq!((&direct["protocol"], direct["url"].as_str()), (&json!("http"), Some(url.as_str())));
    assert_eq!(proxy["protocol"], "https");
    assert!(proxy["url"].as_str().unwrap().ends_with(".trycloudflare.com"));
    assert_eq!(open["processUptime"], 5);
    let reboot = sim.call("PATCH", "/instances/execute-reboot", json!({"instanceIds": [id]})).await;
    assert_eq!((reboot.status, reboot.text().as_str()), (200, "{}"));
    assert_eq!(sim.machine(id).await["status"], "created");
    sim.advance(15);
    assert_ne!(sim.machine(id).await["ports"]["proxy"][0]["url"], proxy["url"]);
    assert_eq!(sim.delete(&format!("/instances/{id}")).await.status, 204);
    assert_eq!(sim.get(&format!("/instances/{id}")).await.status, 404);
    assert!(sim.rows("/instances/list").await.is_empty());
}

#[tokio::test]
async fn an_image_that_is_not_there_stays_created() {
    let sim = sim(&[]).await;
    let template = json!({"name": "t", "imageName": "ghcr.io/does-not-exist/x", "defaultTag": "1"});
    let id = rent_with(&sim, template, json!({})).await;
    sim.advance(3_600);
    let machine = sim.machine(id).await;
    let error = "Error pulling image ghcr.io/does-not-exist/x:1: manifest unknown";
    assert_eq!((&machine["status"], &machine["errors"]), (&json!("created"), &json!([error])));
    assert!(decoded(&machine["console"]).ends_with(&format!("Pulling image...\n{error}")));
    assert!(sim.get("/instances/summary").await.json()["costPerHour"].as_f64().unwrap() > 0.0, "it bills all the same");
    let private = json!({"name": "p", "imageName": "ghcr.io/team/p", "isPasswordProtected": true});
    let id = rent_with(&sim, private, json!({})).await;
    sim.advance(60);
    assert_eq!(sim.machine(id).await["errors"][0], "Error pulling image ghcr.io/team/p:latest: unauthorized");
}

#[tokio::test]
async fn names_and_notes() {
    let sim = sim(&[]).await;
    let offer = sim.free().await[0].clone();
    let mut body = Sim::rent_body(&offer);
    body["name"] = json!("mine");
    let id = sim.call("POST", "/instances", body).await.json()["id"].as_u64().unwrap();
    let path = format!("/instances/{id}");
    let name = sim.machine(id).await["name"].as_str().unwrap().to_owned();
    assert!(name != "mine" && name.contains('_'), "{name}");
    let notes = "  é\n\ttab \u{1F980} <b>&amp;</b>\r\n";
    assert_eq!(sim.call("PUT", &path, json!({"name": "a-b", "notes": notes})).await.status, 200);
    assert_eq!(sim.call("PUT", &path, json!({"isAutoRenewOn": false})).await.status, 200);
    let read = sim.machine(id).await;
    assert_eq!((&read["name"], &read["notes"]), (&json!("a-b"), &json!(notes)));
    assert_eq!(sim.rows("/instances/list?search=A-B").await.len(), 1);
    assert_eq!(sim.rows("/instances/list?search=zzz").await.len(), 0);
    sim.0.switch(|switches| switches.apply_spec("names=rewrite").unwrap());
    sim.call("PUT", &path, json!({"name": "c-d"})).await;
    assert_eq!(sim.machine(id).await["name"], "c_d");
    sim.0.switch(|switches| switches.apply_spec("names=reject").unwrap());
    let reply = sim.call("PUT", &path, json!({"name": "e-f", "notes": "lost"})).await;
    assert_eq!((reply.status, &reply.json()["violations"][0]["propertyPath"]), (422, &json!("name")));
    assert_eq!(sim.machine(id).await["notes"], notes, "a refused PUT changes nothing");
}

#[tokio::test]
async fn environments_merge_or_replace() {
    let sim = sim(&[]).await;
    let template = json!({"name": "t", "imageName": "i", "envVariables": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]});
    let own = json!({"envVariables": [{"name": "B", "value": "2"}, {"name": "C", "value": "2"}]});
    let id = rent_with(&sim, template, own.clone()).await;
    let merged = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "2"}]);
    assert_eq!(sim.machine(id).await["envVariables"], merged);
    sim.0.switch(|switches| switches.apply_spec("env=replace").unwrap());
    assert_eq!(sim.machine(id).await["envVariables"], own["envVariables"]);
    sim.0.switch(|switches| switches.apply_spec("details-env=false").unwrap());
    assert!(sim.machine(id).await.get("envVariables").is_none());
}

#[tokio::test]
async fn put_of_a_template_or_environment_may_boot_again() {
    let sim = sim(&[]).await;
    let id = sim.rent().await;
    sim.advance(60);
    let change = json!({"instanceTemplate": "/instances/templates/2", "envVariables": [{"name": "X", "value": "1"}]});
    assert_eq!(sim.call("PUT", &format!("/instances/{id}"), change.clone()).await.status, 200);
    let read = sim.machine(id).await;
    assert_eq!(
        (&read["status"], &read["instanceTemplate"]["id"], &read["diskSize"]),
        (&json!("running"), &json!(2), &json!(48))
    );
    sim.0.switch(|switches| switches.apply_spec("update-reboots=true").unwrap());
    sim.call("PUT", &format!("/instances/{id}"), change).await;
    assert_eq!(sim.machine(id).await["status"], "created");
}

#[tokio::test]
async fn machines_show_late_and_leave_late() {
    let sim = sim(&["visibility-lag=30", "delete-lag=20"]).await;
    let id = sim.rent().await;
    assert!(sim.rows("/instances/list").await.is_empty());
    assert_eq!(sim.machine(id).await["id"], id);
    sim.advance(30);
    assert_eq!(sim.rows("/instances/list").await.len(), 1);
    let path = format!("/instances/{id}");
    assert_eq!(sim.delete(&path).await.status, 204);
    assert_eq!(sim.machine(id).await["status"], "deleted");
    assert_eq!(sim.rows("/instances/list").await[0]["status"], "deleted");
    assert_eq!(sim.delete(&path).await.status, 404);
    sim.advance(20);
    assert_eq!(sim.get(&path).await.status, 404);
    assert!(sim.rows("/instances/list").await.is_empty());
}

#[tokio::test]
async fn an_exiting_container_takes_its_machine_along() {
    let sim = sim(&["exit-delete=batch,once", "exit-after=100", "boot=10"]).await;
    let id = rent_with(&sim, json!({"name": "batch job", "imageName": "i"}), json!({})).await;
    sim.advance(109);
    assert_eq!(sim.machine(id).await["status"], "running");
    sim.advance(1);
    assert_eq!(sim.get(&format!("/instances/{id}")).await.status, 404);
    assert_eq!(sim.rows("/instances/billing/list").await[0]["endReason"], "exited");
}

#[tokio::test]
async fn somebody_else_in_the_panel() {
    let sim = sim(&[]).await;
    let offer = sim.free().await[0].clone();
    let id = sim.call("POST", "/sandbox/actors/rent", Sim::rent_body(&offer)).await.json()["id"].as_u64().unwrap();
    let edit =
        json!({"id": id, "name": "ui", "notes": "ui", "status": "paused", "pricePerGpu": 2.5, "hashId": "other"});
    assert_eq!(sim.call("POST", "/sandbox/actors/edit", edit).await.status, 200);
    let read = sim.machine(id).await;
    assert_eq!(
        (&read["name"], &read["status"], read["pricePerGpu"].to_string()),
        (&json!("ui"), &json!("paused"), "2.5".to_owned())
    );
    assert_eq!(read["hashId"], "other");
    assert_eq!(sim.call("POST", "/sandbox/actors/delete", json!({"id": id})).await.status, 200);
    assert_eq!(sim.get(&format!("/instances/{id}")).await.status, 404);
}

#[tokio::test]
async fn open_ports_can_be_connected_to() {
    let sim = sim(&["loopback-ports=true"]).await;
    let id = sim.rent().await;
    assert_eq!(sim.machine(id).await["ports"]["direct"][1]["destPort"], "1");
    sim.advance(60);
    let port = sim.machine(id).await["ports"]["direct"][1].clone();
    let target = format!("{}:{}", port["ip"].as_str().unwrap(), port["destPort"].as_str().unwrap());
    tokio::net::TcpStream::connect(target).await.unwrap();
}
