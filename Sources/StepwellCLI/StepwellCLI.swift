@main struct StepwellCLI { static func main() {} }
