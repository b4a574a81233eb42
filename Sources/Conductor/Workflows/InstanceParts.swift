import ImageStore
import Networking

/// What workflows of instances are made of, assembled once; each takes the parts that it uses.
struct InstanceParts: Sendable {
    let context: ConductorContext
    let actions: InstanceActions
    let guests: GuestAssignments
    let reports: GuestReports
    let placements: Placements
    let ports: Ports
    let images: Images
    let instances: OwnedInstances
    let portBindings: PortBindings
    let interfaceDevices: InterfaceDevices
    let migrationRecords: MigrationRecords
    let moveDestinations: MoveDestinations
    let diskCopies: DiskCopies

    init(
        _ context: ConductorContext, actions: InstanceActions, guests: GuestAssignments,
        reports: GuestReports, placements: Placements, ports: Ports, images: Images
    ) {
        self.context = context
        self.actions = actions
        self.guests = guests
        self.reports = reports
        self.placements = placements
        self.ports = ports
        self.images = images
        instances = OwnedInstances(context: context, guests: guests, reports: reports)
        portBindings = PortBindings(context: context, ports: ports, guests: guests)
        interfaceDevices = InterfaceDevices(
            context: context, ports: ports, guests: guests, instances: instances)
        migrationRecords = MigrationRecords(context: context)
        moveDestinations = MoveDestinations(
            context: context, placements: placements, guests: guests, instances: instances,
            migrationRecords: migrationRecords)
        diskCopies = DiskCopies(context: context, guests: guests, images: images)
    }
}
