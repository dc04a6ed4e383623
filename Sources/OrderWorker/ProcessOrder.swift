import JSON
import Logging
import Stepwell

/// What ProcessOrder is started with: the order as JSON text, as an API gateway passes a request's body on.
struct OrderEvent: Decodable {
    var body: String
}

struct OrderReply: Encodable {
    var statusCode: Int
    var body: String
}

let processOrder = Function("process_order") { (event: OrderEvent, context: FunctionContext) in
    let order = try Order(json: event.body)
    try order.check()
    context.logger.debug("Order processed", metadata: ["order": "\(order.id)", "total": "\(order.total)"])
    return OrderReply(statusCode: 200, body: #"{"message": "주문이 처리되었습니다."}"#)
}
