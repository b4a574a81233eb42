import Foundation
import JSON
import Testing

@testable import Persistence

/// A value that writes its document by hand gets the same document as from the encoder.
@Suite struct HandWrittenDocumentTests {
    /// A value that writes itself by hand, or leaves it.
    private struct Reading: StoredValue, Equatable {
        static let collection = "readings"
        var documentKey: String { "r" }
        var share: Double
        var isByHand = true

        func write(to json: inout JSONWriter) -> Bool {
            json.object { json in
                json.key("isByHand")
                json.bool(isByHand)
                json.key("share")
                json.number(share)
            }
            return isByHand
        }
    }

    @Test(arguments: [true, false])
    func eitherWayTheDocumentIsTheSame(isByHand: Bool) throws {
        let value = Reading(share: 0.25, isByHand: isByHand)
        let stored = try DocumentCoding.encode(value, key: key("readings/r"))
        #expect(
            String(decoding: stored, as: UTF8.self)
                == #"{"d":{"isByHand":\#(isByHand),"share":0.25},"v":1}"#)
        #expect(
            try DocumentCoding.decode(Reading.self, from: stored, key: key("readings/r"))
                == value)
    }

    @Test func aNumberWithoutAFormIsAnError() throws {
        let key = try key("readings/r")
        #expect(throws: StoreError.self) {
            try DocumentCoding.encode(Reading(share: .infinity), key: key)
        }
    }
}
