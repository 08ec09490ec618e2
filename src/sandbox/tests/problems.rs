//! Every shape of refusal (API sheet §1).

use serde_json::{Value, json};

use super::client::{Reply, Sim, sim};

const JSON: (&str, &str) = ("content-type", "application/json");
const KEY: (&str, &str) = ("x-auth-token", "key");

fn problem(reply: &Reply, status: u16, detail: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type").unwrap(), "application/problem+json; charset=utf-8");
    assert_eq!(
        reply.json(),
        json!({"type": format!("/errors/{status}"), "title": "An error occurred", "status": status, "detail": detail})
    );
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_401() {
    let sim = sim(&["api-key=12345"]).await;
    for headers in [&[][..], &[("x-auth-token", "")], &[KEY], &[("authorization", "Bearer 12345")]] {
        let reply = sim.raw("GET", "/instances/summary", headers, b"").await.unwrap();
        assert_eq!((reply.status, reply.text().as_str()), (401, r#"{"message":"Invalid credentials."}"#));
    }
    let right = sim.raw("GET", "/instances/summary", &[("X-AUTH-TOKEN", "12345")], b"").await.unwrap();
    assert_eq!(right.status, 200);
    let admin = sim.raw("GET", "/sandbox/calls", &[], b"").await.unwrap();
    assert_eq!((admin.status, admin.json()["total"].as_u64()), (200, Some(5)));
}

#[tokio::test]
async fn unknown_things_are_404_and_wrong_methods_405() {
    let sim = sim(&[]).await;
    for path in ["/instances/5", "/instances/templates/5555", "/nowhere", "/instances/108209/logs", "/regions"] {
        problem(&sim.get(path).await, 404, "Not Found");
    }
    problem(&sim.call("PATCH", "/instances/reboot", json!({"instanceIds": []})).await, 404, "Not Found");
    let detail = "No route found for \"PATCH /instances/5\": Method Not Allowed (Allow: GET, PUT, DELETE)";
    problem(&sim.call("PATCH", "/instances/5", json!({})).await, 405, detail);
    sim.0.switch(|switches| switches.apply_spec("problems=old").unwrap());
    assert_eq!(
        sim.get("/instances/5").await.json(),
        json!({"type": "https://tools.ietf.org/html/rfc2616#section-10", "title": "An error occurred", "detail": "Not Found"})
    );
}

#[tokio::test]
async fn wrong_content_types_are_415() {
    let sim = sim(&[]).await;
    let text = sim.raw("POST", "/instances", &[KEY, ("content-type", "text/plain")], b"{}").await.unwrap();
    problem(
        &text,
        415,
        "The content-type \"text/plain\" is not supported. Supported MIME types are \"application/json\", \"application/ld+json\".",
    );
    let none = sim.raw("PUT", "/instances/5", &[KEY], b"{}").await.unwrap();
    problem(&none, 415, "The \"Content-Type\" header must exist.");
    let patch = sim.raw("PATCH", "/instances/execute-reboot", &[KEY, JSON], b"{}").await.unwrap();
    problem(
        &patch,
        415,
        "The content-type \"application/json\" is not supported. Supported MIME types are \"application/merge-patch+json\".",
    );
    let charset = [KEY, ("content-type", "application/json; charset=utf-8")];
    assert_eq!(sim.raw("POST", "/instances", &charset, b"{}").await.unwrap().status, 422);
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let sim = sim(&[]).await;
    let broken = sim.raw("POST", "/instances", &[KEY, JSON], b"{\"a\":").await.unwrap();
    problem(&broken, 400, "Syntax error");
    let mistyped = |name: &str, wanted: &str, given: &str| {
        format!("The type of the \"{name}\" attribute must be \"{wanted}\", \"{given}\" given.")
    };
    let cases: [(&str, Value, &str, &str); 9] = [
        ("diskSize", json!("32"), "int", "string"),
        ("diskSize", json!(32.5), "int", "float"),
        ("defaultTag", json!(22), "string", "int"),
        ("name", json!(["a"]), "string", "array"),
        ("isRunSshServerOn", json!("true"), "bool", "string"),
        ("isRunJupyterOn", json!(1), "bool", "int"),
        ("isPasswordProtected", Value::Null, "bool", "null"),
        ("envVariables", json!("[{\"name\":\"A\"}]"), "array", "string"),
        ("startScript", json!(true), "string", "bool"),
    ];
    for (name, value, wanted, given) in cases {
        let mut body = json!({"name": "t", "imageName": "i"});
        body[name] = value;
        let reply = sim.call("POST", "/instances/templates", body).await;
        problem(&reply, 400, &mistyped(name, wanted, given));
    }
    let id = sim.rent().await;
    let path = format!("/instances/{id}");
    problem(
        &sim.call("PUT", &path, json!({"isAutoRenewOn": "true"})).await,
        400,
        &mistyped("isAutoRenewOn", "bool", "string"),
    );
    problem(
        &sim.call("PUT", &path, json!({"priceAutoRenewMax": "1"})).await,
        400,
        &mistyped("priceAutoRenewMax", "float", "string"),
    );
    assert_eq!(sim.call("PUT", &path, json!({"unknownKey": 1, "priceAutoRenewMax": 0.75})).await.status, 200);
    assert_eq!(sim.machine(id).await["priceAutoRenewMax"].to_string(), "0.75");
}

#[tokio::test]
async fn references_that_lead_nowhere_are_400() {
    let sim = sim(&[]).await;
    let offer = sim.free().await[0].clone();
    let with = |name: &str, value: Value| {
        let mut body = Sim::rent_body(&offer);
        body[name] = value;
        body
    };
    let cases = [
        (with("instanceTemplate", json!("abc")), "Invalid IRI \"abc\"."),
        (with("instanceTemplate", json!("/instances/market/4711")), "Invalid IRI \"/instances/market/4711\"."),
        (
            with("instanceTemplate", json!("/instances/templates/999999")),
            "Item not found for \"/instances/templates/999999\".",
        ),
        (with("instanceMarket", json!("/instances/market/1")), "Item not found for \"/instances/market/1\"."),
        (
            with("instanceMarket", json!(4711)),
            "The type of the \"instanceMarket\" attribute must be \"string\", \"int\" given.",
        ),
    ];
    for (body, detail) in cases {
        problem(&sim.call("POST", "/instances", body).await, 400, detail);
    }
    assert!(sim.rows("/instances/list").await.is_empty());
}

#[tokio::test]
async fn broken_rules_are_422_and_joined() {
    let sim = sim(&[]).await;
    let reply = sim.call("POST", "/instances/templates", json!({"name": " ", "diskSize": 31})).await;
    assert_eq!(reply.status, 422);
    let document = reply.json();
    assert_eq!(
        document["detail"],
        "name: This value should not be blank.\nimageName: This value should not be blank.\ndiskSize: This value should be greater than or equal to 32."
    );
    let first = json!({"propertyPath": "name", "message": "This value should not be blank.", "code": "c1051bb4-d103-4f74-8988-acbcafc7fdc3"});
    assert_eq!((&document["violations"][0], document["violations"].as_array().unwrap().len()), (&first, 3));
    let rent = sim.call("POST", "/instances", json!({"gpuCount": 1})).await;
    assert_eq!((rent.status, &rent.json()["violations"][0]["propertyPath"]), (422, &json!("instanceMarket")));
    let mut body = Sim::rent_body(&sim.free().await[0]);
    body["gpuCount"] = json!(16);
    assert_eq!(sim.call("POST", "/instances", body.clone()).await.json()["violations"][0]["propertyPath"], "gpuCount");
    body["envVariables"] = json!([{"name": "A", "value": 1}]);
    assert_eq!(
        sim.call("POST", "/instances", body).await.json()["violations"][0]["propertyPath"],
        "envVariables[0].value"
    );
    let reboot = sim.call("PATCH", "/instances/execute-reboot", json!({})).await;
    assert_eq!(reboot.status, 422);
    let unknown = sim.call("PATCH", "/instances/execute-reboot", json!({"instanceIds": [5]})).await;
    problem(&unknown, 404, "Not Found");
}

#[tokio::test]
async fn missing_permissions_are_403() {
    let sim = sim(&["forbidden=POST /instances,DELETE *"]).await;
    let offer = sim.free().await[0].clone();
    for reply in [sim.call("POST", "/instances", Sim::rent_body(&offer)).await, sim.delete("/instances/5").await] {
        assert_eq!(reply.status, 403);
        assert_eq!(reply.json(), json!({"title": "An error occurred", "status": 403, "detail": "Access Denied."}));
    }
    assert_eq!(sim.get("/instances/list").await.status, 200);
}

#[tokio::test]
async fn pages_begin_at_one() {
    let sim = sim(&[]).await;
    problem(&sim.get("/instances/list?page=0").await, 400, "Page should not be less than 1");
    problem(&sim.get("/instances/global-templates/list?itemsPerPage=-1").await, 400, "Limit should not be less than 0");
}
