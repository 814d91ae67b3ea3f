namespace Rge.Models.Tensors;

/// <summary>Copies between the host and a device, counted by <see cref="HostTransfers"/>.</summary>
/// <param name="Uploads">Copies from the host to the device.</param>
/// <param name="Downloads">Copies from the device to the host, each of which waits for the device.</param>
public readonly record struct TransferCount(long Uploads, long Downloads)
{
    /// <summary>What has come since an earlier count.</summary>
    public TransferCount Since(TransferCount earlier) => new(Uploads - earlier.Uploads, Downloads - earlier.Downloads);
}
