import ComputeModel
public import ImageStore
import HTTPTypes
import JSON
public import RequestPipeline

/// The image API, version 2.
public struct ImageService: Sendable {
    let images: Images
    let addresses: ServiceAddresses
    var rootPath = "/image"

    /// The service on top of the application's images.
    public init(images: Images, addresses: ServiceAddresses) {
        self.images = images
        self.addresses = addresses
    }

    /// Its routes below `root`.
    public func service(root: String = "/image") -> APIService {
        var copy = self
        copy.rootPath = root
        return APIService(root: root, routes: copy.routes, faults: ImageFaults())
    }

    private var routes: [Route] {
        versionRoutes + recordRoutes + dataRoutes + schemaRoutes
    }

    private var versionRoutes: [Route] {
        [
            Route(.get, "", .anyone) { .json(.multipleChoices, versions($0)) },
            Route(.get, "/versions", .anyone) { .ok(versions($0)) },
        ]
    }

    private func versions(_ request: APIRequest) -> JSONValue {
        let link = "\(addresses.base(request))\(rootPath)/v2/"
        // Minor versions of the image API are only announced, never asked for.
        let minors = [17, 15, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
        return [
            "versions": .array(
                minors.map { minor in
                    [
                        "id": .string("v2.\(minor)"),
                        "status": minor == 17 ? "CURRENT" : "SUPPORTED",
                        "links": [["rel": "self", "href": .string(link)]],
                    ]
                })
        ]
    }

    private var schemaRoutes: [Route] {
        [
            Route(.get, "/v2/schemas/image", .role(.reader)) { _ in .ok(ImageSchemas.image) },
            Route(.get, "/v2/schemas/images", .role(.reader)) { _ in .ok(ImageSchemas.images) },
            Route(.get, "/v2/info/import", .role(.reader)) { _ in
                .ok([
                    "import-methods": [
                        "description": "Import methods available: none, upload the data.",
                        "type": "array", "value": [],
                    ]
                ])
            },
            Route(.get, "/v2/info/stores", .role(.reader)) { _ in
                throw DomainError.notFound(.request, "/v2/info/stores")
            },
        ]
    }

    /// The image the path names.
    func id(_ request: APIRequest) -> ImageID { ImageID(request.parameter("id")) }
}
