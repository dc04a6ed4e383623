"""The order workflow's function as it runs on AWS Lambda. Nothing in it knows of Stepwell."""

import json


class InvalidOrder(Exception):
    pass


def process_order(event, context):
    try:
        order = json.loads(event["body"])
    except ValueError as error:
        raise InvalidOrder(f"The body is not an order: {error}") from None
    if not order.get("id"):
        raise InvalidOrder("The order has no id.")
    if not order.get("items"):
        raise InvalidOrder(f"Order {order['id']} has no items.")
    total = sum(item["quantity"] * item["price"] for item in order["items"])
    print(f"order {order['id']}: {total} won, {context.get_remaining_time_in_millis()} ms left")
    return {"statusCode": 200, "body": json.dumps({"message": "주문이 처리되었습니다."}, ensure_ascii=False)}
