using Rge.Models.Configuration;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// M-RoPE: each rotary frequency turns with one of the three positions (time, height, width). Qwen2-VL and Qwen2.5-VL give them blocks of
/// frequencies, Qwen3-VL and Qwen3.5 let them take turns.
/// </summary>
internal sealed class MultimodalRotary
{
    private readonly Tensor _axes,
        _frequencies;

    /// <param name="config">The decoder's shape.</param>
    /// <param name="factory">Holds what every pass needs on the device.</param>
    public MultimodalRotary(TextConfig config, LayerFactory factory)
    {
        var frequencies = Enumerable.Range(0, config.RotaryDim / 2).ToArray();
        _axes = factory.Constant([.. frequencies.Select(f => (long)AxisOf(f, config.MropeSection, config.MropeInterleaved))]);
        _frequencies = factory.Constant([.. frequencies.Select(f => (float)(1 / Math.Pow(config.RopeTheta, 2.0 * f / config.RotaryDim)))]);
    }

    /// <summary>Makes the table of positions <c>[3, N]</c> (float32, on the target device).</summary>
    public RotaryTable Table(Tensor positions, ScalarType dtype)
    {
        // Without gaps: a product keeps the order of its factors in memory, and the kernels want rows.
        var angles = positions.index_select(0, _axes).t().contiguous() * _frequencies; // (N, D/2)
        return RotaryTable.Create(angles, dtype);
    }

    private static int AxisOf(int frequency, IReadOnlyList<int> section, bool interleaved)
    {
        if (interleaved)
        {
            var axis = frequency % 3;
            return axis != 0 && frequency < section[axis] * 3 ? axis : 0;
        }
        return frequency < section[0] ? 0
            : frequency < section[0] + section[1] ? 1
            : 2;
    }
}
