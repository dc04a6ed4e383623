import Testing

@testable import StatesLanguage
