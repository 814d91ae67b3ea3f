using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// Two-dimensional rotary embedding of patches: the first half of the frequencies turns with the row, the second with the column.
/// </summary>
internal sealed class VisionRotary(int headDim)
{
    private const double Theta = 10000;

    private readonly float[] _frequencies =
    [
        .. Enumerable.Range(0, headDim / 4).Select(f => (float)(1 / Math.Pow(Theta, 4.0 * f / headDim))),
    ];

    /// <summary>Table of patches whose rows and columns are given, host arrays of length P.</summary>
    public RotaryTable Table(int[] rows, int[] columns, Device device)
    {
        using Tensor frequencies = HostTransfers.Upload(_frequencies, device),
            r = Column(rows),
            c = Column(columns);
        return RotaryTable.Create(cat([r * frequencies, c * frequencies], 1), ScalarType.Float32);

        Tensor Column(int[] values) => HostTransfers.Upload([.. values.Select(value => (float)value)], device).unsqueeze(1);
    }
}
