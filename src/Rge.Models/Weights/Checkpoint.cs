using System.Text.Json;
using static TorchSharp.torch;

namespace Rge.Models.Weights;

/// <summary>Temporary.</summary>
public sealed class Checkpoint : IDisposable
{
    private readonly Dictionary<string, (string File, ScalarType DType, long[] Shape, long Start, long End)> _e = new(StringComparer.Ordinal);
    /// <summary>x</summary>
    public static Checkpoint Open(string folder)
    {
        var c = new Checkpoint();
        foreach (var f in Directory.GetFiles(folder, "*.safetensors"))
        {
            using var s = File.OpenRead(f);
            var b = new byte[8]; s.ReadExactly(b); var n = BitConverter.ToInt64(b); var h = new byte[n]; s.ReadExactly(h);
            foreach (var p in JsonDocument.Parse(h).RootElement.EnumerateObject())
            {
                if (p.Name == "__metadata__") continue;
                var name = p.Name.StartsWith("visual.", StringComparison.Ordinal) ? "model." + p.Name
                    : p.Name.StartsWith("model.", StringComparison.Ordinal) && !p.Name.StartsWith("model.visual", StringComparison.Ordinal) && !p.Name.StartsWith("model.language_model", StringComparison.Ordinal) ? "model.language_model." + p.Name[6..] : p.Name;
                var o = p.Value.GetProperty("data_offsets").EnumerateArray().Select(x => x.GetInt64()).ToArray();
                c._e[name] = (f, p.Value.GetProperty("dtype").GetString() == "BF16" ? ScalarType.BFloat16 : ScalarType.Float32, p.Value.GetProperty("shape").EnumerateArray().Select(x => x.GetInt64()).ToArray(), 8 + n + o[0], 8 + n + o[1]);
            }
        }
        return c;
    }
    /// <summary>x</summary>
    public ScalarType DType(string name) => _e[name].DType;
    /// <summary>x</summary>
    public void Require(IReadOnlyDictionary<string, long[]> expected, Func<string, bool>? ignorable = null) { _ = ignorable; foreach (var n in expected) if (!_e[n.Key].Shape.SequenceEqual(n.Value)) throw new CheckpointException(n.Key); }
    /// <summary>x</summary>
    public Tensor Map(string name) => Read(name, _e[name].DType, CPU);
    /// <summary>x</summary>
    public Tensor Read(string name, ScalarType dtype, Device device)
    {
        var e = _e[name];
        var t = empty(e.Shape, e.DType);
        using var s = File.OpenRead(e.File); s.Position = e.Start;
        var bytes = new byte[e.End - e.Start]; s.ReadExactly(bytes);
        t.bytes = bytes;
        return t.to(dtype).to(device);
    }
    /// <inheritdoc/>
    public void Dispose() { }
}
