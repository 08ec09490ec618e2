//! Template groups: global and private.

use serde_json::{Value, json};

use super::client::{Sim, sim};

fn body(name: &str) -> Value {
    json!({
        "name": name, "imageName": "ghcr.io/team/trainer", "defaultTag": "0.1.0", "categoryName": "trainer",
        "diskSize": 64, "exposePorts": "22,8000", "startScript": "echo hi", "argOptions": "--shm-size=8g",
        "envVariables": [{"name": "A", "value": "1"}], "notes": "n", "isPasswordProtected": true,
        "host": "ghcr.io", "username": "u", "password": "hunter2", "isRunSshServerOn": true, "isRunJupyterOn": false,
    })
}

/// Creates a template; finds its id by name, as a client must.
async fn create(sim: &Sim, name: &str) -> u64 {
    let reply = sim.call("POST", "/instances/templates", body(name)).await;
    assert_eq!((reply.status, reply.text().as_str()), (200, "{}"));
    let rows = sim.rows("/instances/templates/list?itemsPerPage=1000").await;
    rows.iter().find(|row| row["name"] == name).unwrap()["id"].as_u64().unwrap()
}

#[tokio::test]
async fn global_templates_are_listed_searched_and_rentable() {
    let sim = sim(&[]).await;
    assert_eq!(sim.rows("/instances/global-templates/list").await.len(), 30);
    assert_eq!(sim.rows("/instances/global-templates/list?search=OLLAMA").await.len(), 1);
    let one = sim.get("/instances/global-templates/29").await.json();
    assert_eq!((&one["id"], &one["isPublic"]), (&json!(29), &json!(true)));
    assert_eq!(sim.get("/instances/templates/29").await.json(), one);
    let offer = sim.free().await[0].clone();
    let id = sim.rent_offer(&offer).await;
    assert_eq!(sim.machine(id).await["instanceTemplate"]["id"], 29);
    assert_eq!(sim.call("PUT", "/instances/templates/29", json!({"notes": "mine"})).await.status, 403);
    assert_eq!(sim.delete("/instances/templates/29").await.status, 403);
    assert!(sim.rows("/instances/templates/list").await.is_empty());
    assert_eq!(sim.get("/instances/global-templates/999").await.status, 404);
}

#[tokio::test]
async fn a_private_template_lives_from_post_to_delete() {
    let sim = sim(&[]).await;
    let id = create(&sim, "trainer").await;
    let path = format!("/instances/templates/{id}");
    let mut expected = body("trainer");
    let (options, password) = (&mut Value::Null, Value::Null);
    std::mem::swap(options, &mut expected["argOptions"]);
    expected["password"] = password;
    let read = sim.get(&path).await.json();
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&read[key], value, "{key}");
    }
    assert_eq!(read["isPublic"], false);
    assert_eq!(sim.get(&format!("/instances/global-templates/{id}")).await.status, 404);
    assert_eq!(sim.call("PUT", &path, json!({"diskSize": 100})).await.status, 200);
    let changed = sim.get(&path).await.json();
    assert_eq!((&changed["diskSize"], &changed["notes"]), (&json!(100), &json!("n")));
    assert_eq!(sim.call("POST", "/sandbox/actors/edit", json!({"templateId": id, "notes": "ui"})).await.status, 200);
    assert_eq!(sim.get(&path).await.json()["notes"], "ui");
    assert_eq!(sim.delete(&path).await.status, 204);
    assert_eq!(sim.get(&path).await.status, 404);
    assert_eq!(sim.delete(&path).await.status, 404);
}

#[tokio::test]
async fn templates_page_and_search() {
    let sim = sim(&[]).await;
    for index in 0..35 {
        create(&sim, &format!("t{index:02}")).await;
    }
    assert_eq!(sim.rows("/instances/templates/list").await.len(), 30);
    assert_eq!(sim.rows("/instances/templates/list?page=2").await.len(), 5);
    assert_eq!(sim.rows("/instances/templates/list?page=3").await.len(), 0);
    assert_eq!(sim.rows("/instances/templates/list?search=t3&itemsPerPage=100").await.len(), 5);
}

#[tokio::test]
async fn template_switches() {
    let sim = sim(&["template-body=id", "create-status=201", "arg-options-stored=true", "password-echo=clear"]).await;
    let reply = sim.call("POST", "/instances/templates", body("a")).await;
    assert_eq!(reply.status, 201);
    let made = reply.json();
    assert_eq!((&made["argOptions"], &made["password"]), (&json!("--shm-size=8g"), &json!("hunter2")));
    sim.0.switch(|switches| {
        for spec in
            ["template-body=empty", "create-status=200", "unique-template-names=true", "used-templates-stay=true"]
        {
            switches.apply_spec(spec).unwrap();
        }
    });
    let twin = sim.call("POST", "/instances/templates", body("a")).await;
    assert_eq!((twin.status, &twin.json()["detail"]), (422, &json!("name: This value is already used.")));
    let empty = sim.call("POST", "/instances/templates", body("b")).await;
    assert_eq!((empty.status, empty.body.len()), (200, 0));
    let mut rent = Sim::rent_body(&sim.free().await[0]);
    rent["instanceTemplate"] = json!(format!("/instances/templates/{}", made["id"]));
    let machine = sim.call("POST", "/instances", rent).await.json()["id"].as_u64().unwrap();
    let path = format!("/instances/templates/{}", made["id"]);
    assert_eq!(sim.delete(&path).await.status, 409);
    sim.delete(&format!("/instances/{machine}")).await;
    assert_eq!(sim.delete(&path).await.status, 204);
}

#[tokio::test]
async fn editing_a_template_does_not_reach_running_machines() {
    let sim = sim(&["list-detail=true"]).await;
    let id = create(&sim, "t").await;
    let mut rent = Sim::rent_body(&sim.free().await[0]);
    rent["instanceTemplate"] = json!(format!("/instances/templates/{id}"));
    let machine = sim.call("POST", "/instances", rent).await.json()["id"].as_u64().unwrap();
    let change = json!({"diskSize": 500, "envVariables": [{"name": "A", "value": "2"}]});
    sim.call("PUT", &format!("/instances/templates/{id}"), change).await;
    let read = sim.machine(machine).await;
    assert_eq!((&read["diskSize"], &read["envVariables"][0]["value"]), (&json!(64), &json!("1")));
}
