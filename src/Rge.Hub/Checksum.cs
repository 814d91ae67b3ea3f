using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Rge.Hub;

/// <summary>Compares bytes on disk with what the server lists.</summary>
internal static class Checksum
{
    private const int BufferSize = 1 << 20;

    /// <summary>
    /// True when the stream holds the listed number of bytes with the listed checksum; a file listed without one is judged by its size.
    /// </summary>
    public static async Task<bool> MatchesAsync(Stream content, HubFile file, CancellationToken cancellationToken)
    {
        if (content.Length != file.Size)
            return false;
        if ((file.Sha256 ?? file.BlobId) is not { } expected)
            return true;

        using var hash = IncrementalHash.CreateHash(file.Sha256 is null ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256);
        if (file.Sha256 is null)
            hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Size}\0")));

        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            content.Position = 0;
            while (await content.ReadAsync(buffer, cancellationToken) is var read and > 0)
                hash.AppendData(buffer, 0, read);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return string.Equals(Convert.ToHexStringLower(hash.GetHashAndReset()), expected, StringComparison.OrdinalIgnoreCase);
    }
}
