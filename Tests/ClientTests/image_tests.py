"""Images: what is taken, what is refused and why."""

import hashlib
import unittest

import disk_images
from scenario import Scenario


class ImageTests(Scenario):
    """Uploads by the real client."""

    def create(self, name, disk_format, path):
        """The command that makes an image from a file."""
        return (
            f"image create {name} --disk-format {disk_format} --container-format bare"
            f" --file {path}")

    def test_raw_and_qcow2_come_back_as_they_went(self):
        """Sizes and checksums are told, and the download equals the upload."""
        folder = self.plane.folder
        files = {"raw": disk_images.raw(folder), "qcow2": disk_images.qcow2(folder)}
        images = self.openstack.batch_json(
            *(self.create(f"{name}-image", name, path) for name, path in files.items()))
        copies = {name: folder / f"copy.{name}" for name in files}
        output, errors = self.openstack.batch(
            *(f"image save --file {path} {name}-image" for name, path in copies.items()))
        self.assertEqual((output.strip(), errors.strip()), ("", ""))
        for image, (name, path) in zip(images, files.items(), strict=True):
            content = path.read_bytes()
            self.assertEqual(image["status"], "active")
            self.assertEqual(image["disk_format"], name)
            self.assertEqual(image["size"], len(content))
            self.assertEqual(image["virtual_size"], 2 * disk_images.MIB)
            self.assertEqual(image["checksum"], hashlib.md5(content).hexdigest())
            self.assertEqual(
                image["properties"]["os_hash_value"], hashlib.sha512(content).hexdigest())
            self.assertEqual(copies[name].read_bytes(), content)
        self._delete(images)

    def _delete(self, images):
        stored = self.plane.state / "images"
        self.assertEqual(len(list(stored.iterdir())), len(images))
        _, errors = self.openstack.batch(*(f"image delete {row['id']}" for row in images))
        self.assertEqual(errors.strip(), "")
        for image in images:
            self.api.expect(404, "GET", f"/image/v2/images/{image['id']}")
        self.assertEqual(list(stored.iterdir()), [])

    def test_bad_files_are_refused_with_the_reason(self):
        """Nothing is stored of a file that isn't what it is said to be, or reads others."""
        folder = self.plane.folder
        good = disk_images.qcow2(folder)
        cases = [
            ("truncated", "qcow2", disk_images.truncated_qcow2(folder), r"qcow2|short|ends"),
            ("said-to-be-raw", "raw", good, r"qcow2"),
            ("said-to-be-qcow2", "qcow2", disk_images.raw(folder), r"qcow2"),
            ("overlay", "qcow2", disk_images.overlay_qcow2(folder), r"backing")]
        messages = self.openstack.batch_refusals(
            *(self.create(name, disk_format, path) for name, disk_format, path, _ in cases))
        for (name, _, path, reason), message in zip(cases, messages, strict=True):
            with self.subTest(name):
                self.assertRegex(message, "HttpException|BadRequestException|400|415|422")
                # The reason, and not just the request's address.
                self.assertRegex(message.split("/file,")[-1], reason)
                self.assertNotIn(str(path), message)
        for image in self.api.expect(200, "GET", "/image/v2/images")["images"]:
            self.assertNotIn(image["name"], {case[0] for case in cases if
                                             image["status"] == "active"})

    def test_download_of_an_image_without_data(self):
        """An image that has got no data says so."""
        image = self.api.expect(
            201, "POST", "/image/v2/images",
            {"name": "empty", "disk_format": "raw", "container_format": "bare"})
        self.assertEqual(image["status"], "queued")
        self.api.expect(204, "GET", f"/image/v2/images/{image['id']}/file")
        self.api.expect(204, "DELETE", f"/image/v2/images/{image['id']}")


if __name__ == "__main__":
    unittest.main()
