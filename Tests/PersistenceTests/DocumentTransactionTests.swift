import Testing

@testable import Persistence

@Suite struct DocumentTransactionTests {
    @Test func rollingBackForgetsWhatCameAfterTheMark() throws {
        var transaction = DocumentTransaction()
        try transaction.insert(Part(name: "a", count: 1))
        try transaction.requireAbsent(Part.self, "z")
        let before = transaction
        let mark = transaction.mark
        try transaction.insert(Part(name: "b", count: 1))
        try transaction.put(Part(name: "c", count: 1))
        try transaction.requireExists(Part.self, "y")
        #expect(transaction.operationCount == 4)
        transaction.rollBack(to: mark)
        #expect(transaction.conditions == before.conditions)
        #expect(transaction.writes == before.writes)
        #expect(transaction.written.map(\.key) == before.written.map(\.key))
        #expect(transaction.operationCount == 2)
    }
}
