import HummingbirdTesting
import Testing
import RetortServer
@Test("x") func x() {}
