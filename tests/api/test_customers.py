"""Customers over HTTP."""

SUN = {"X-Actor": "Sun", "X-Role": "marketing"}
CASE = {"network": "case33"}


def bring(client, text, headers=SUN):
    return client.post(
        "/api/customers/import", params=CASE, files={"accounts": ("a.csv", text.encode())}, headers=headers
    )


def test_customers_come_in_and_contact_data_needs_a_reason(client, app):
    load = app.grid("case33").network.tables["consumers"].column("consumer_id")[0].as_py()
    done = bring(client, f"account_id,consumer_id,ways\nA1,{load},sms:+99900000001\nA2,nowhere,\n")
    assert (done.status_code, done.json()["accounts"], len(done.json()["findings"])) == (201, 1, 1)
    (row,) = client.get("/api/customers", params=CASE).json()
    assert row["account_id"] == "A1" and "99900000001" not in str(row)
    path = "/api/customers/A1/contact"
    assert "99900000001" in client.post(path, params=CASE, json={"why": "he called"}, headers=SUN).text
    assert client.post(path, params=CASE, json={"why": ""}, headers=SUN).status_code == 422
    crew = {**SUN, "X-Role": "crew"}
    assert client.post(path, params=CASE, json={"why": "he called"}, headers=crew).status_code == 403
    assert bring(client, "account_id\n", headers=crew).status_code == 403
    unknown = client.post("/api/customers/A9/contact", params=CASE, json={"why": "he called"}, headers=SUN)
    assert unknown.status_code == 404
