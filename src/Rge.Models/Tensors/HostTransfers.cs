using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tensors;

/// <summary>
/// Copies between the host and the device that a model runs on. All of those that prompts and decoding steps make go through here, so that
/// they can be counted, and so that each is made in the way that is fastest.
/// </summary>
/// <remarks>
/// Uploads to a GPU go through page-locked memory and do not wait: what is computed from them is queued behind them, and torch keeps the
/// page-locked memory until the copy is done. On the CPU nothing is copied twice, but counted all the same. Thread-safe.
/// </remarks>
public static class HostTransfers
{
    [ThreadStatic]
    private static TransferCount _ofThread;

    /// <summary>What the calling thread has transferred since it began.</summary>
    public static TransferCount OfThread => _ofThread;

    /// <summary>Copies integers to a device.</summary>
    /// <param name="values">The integers.</param>
    /// <param name="device">The device.</param>
    /// <returns>Int64 <c>[values.Length]</c>; the caller disposes.</returns>
    public static Tensor Upload(long[] values, Device device) => Upload(tensor(values, device: CPU), device);

    /// <summary>Copies numbers to a device.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="device">The device.</param>
    /// <returns>Float32 <c>[values.Length]</c>; the caller disposes.</returns>
    public static Tensor Upload(float[] values, Device device) => Upload(tensor(values, device: CPU), device);

    /// <summary>Copies a tensor of the host to a device.</summary>
    /// <param name="host">The tensor, on the CPU. Ownership is taken.</param>
    /// <param name="device">The device.</param>
    /// <returns>The copy, or on the CPU the tensor itself; the caller disposes.</returns>
    public static Tensor Upload(Tensor host, Device device)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(device);
        _ofThread = _ofThread with { Uploads = _ofThread.Uploads + 1 };
        if (device.type == DeviceType.CPU)
            return host;
        using (host)
        {
            if (device.type != DeviceType.CUDA)
                return host.to(device);
            using var locked = host.pin_memory();
            return locked.to(device, non_blocking: true);
        }
    }

    /// <summary>Copies a tensor to the host, once what computes it is done.</summary>
    /// <param name="values">The tensor, of any number type, anywhere. Borrowed.</param>
    /// <returns>Float32 on the CPU, without gaps, in the dispose scope in use; the tensor itself where it is that already.</returns>
    public static Tensor Download(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        _ofThread = _ofThread with { Downloads = _ofThread.Downloads + 1 };
        return values.to(ScalarType.Float32).cpu().contiguous();
    }
}
