@main struct OrderWorker { static func main() {} }
