using System.Text;
using CsCheck;

namespace Rge.Hub.Tests;

public sealed class HubListingTests
{
    private static readonly byte[] Listing =
        """
        {
          "id": "owner/name", "sha": "c0ffee", "gated": false,
          "siblings": [
            { "rfilename": "config.json", "size": 12, "blobId": "aa" },
            { "rfilename": "model.safetensors", "size": 130, "blobId": "bb", "lfs": { "sha256": "cc", "size": 9000, "pointerSize": 130 } }
          ]
        }
        """u8.ToArray();

    [Fact]
    public void Large_files_have_the_size_and_checksum_of_their_content()
    {
        var (commit, files) = HubListing.Parse(Listing, "owner/name");

        Assert.Equal("c0ffee", commit);
        Assert.Equal([new HubFile("config.json", 12, null, "aa"), new HubFile("model.safetensors", 9000, "cc", null)], files);
    }

    [Fact]
    public void Damaged_listing_is_read_or_refused_and_never_leads_out_of_the_folder() =>
        Gen.Select(Gen.Int[0, Listing.Length - 1], Gen.Byte)
            .Array[1, 6]
            .Sample(damage =>
            {
                var json = Listing.ToArray();
                foreach (var (offset, value) in damage)
                    json[offset] = value;
                try
                {
                    var (_, files) = HubListing.Parse(json, "owner/name");
                    return files.All(file =>
                        Path.GetFullPath(file.PathIn("folder")).StartsWith(Path.GetFullPath("folder"), StringComparison.Ordinal)
                        && file.Size >= 0
                    );
                }
                catch (HubException)
                {
                    return true;
                }
            });

    [Fact]
    public void Truncated_listing_is_refused()
    {
        for (var length = 0; length < Listing.Length; length++)
        {
            if (Encoding.UTF8.GetString(Listing, length, Listing.Length - length).Trim().Length > 0)
                Assert.Throws<HubException>(() => HubListing.Parse(Listing[..length], "owner/name"));
        }
    }
}
