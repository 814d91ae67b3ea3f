using Rge.Decoding;
using Rge.Imaging;
using Rge.Models.Inputs;
using static TorchSharp.torch;

namespace Rge.Tests.Decoding;

/// <summary>
/// A model that writes what it is told: a prompt's first token names its script. Its hidden states are (script, tokens read so far), so that
/// a result tells which row and which step it was taken from. Keeps a log of what the scheduler asked for.
/// </summary>
internal sealed class ScriptedModel : ISequenceModel
{
    public const int Emb = 9;
    private const int Vocabulary = 10;

    private readonly Dictionary<int, int[]> _scripts = [];
    private readonly Dictionary<int, int> _promptLengths = [];
    private (int Script, int Read)[] _rows = [];

    public List<string> Log { get; } = [];

    public List<(int Rows, int Capacity)> CacheSizes { get; } = [];

    public bool HasCache { get; private set; }

    public Action<int>? BeforeStep { get; set; }

    public Dictionary<int, float> LogitOf { get; } = [];

    public int Steps { get; private set; }

    /// <summary>A request whose rationale is the given one, over and over.</summary>
    public DecodeRequest Request(int script, int promptLength, GenerationOptions? generation, params int[] rationale)
    {
        _scripts[script] = rationale;
        _promptLengths[script] = promptLength;
        return new DecodeRequest([script, .. Enumerable.Repeat(0, promptLength - 1)]) { Generation = generation };
    }

    public IReadOnlyList<VisionFeatures> EncodeImages(IReadOnlyList<PatchedImage> images)
    {
        Log.Add($"images {images.Count}");
        return [.. images.Select(image => new VisionFeatures(image.Grid, zeros(1, 2).DetachFromDisposeScope(), []))];
    }

    public Tensor Encode(IReadOnlyList<ModelInput> inputs)
    {
        Log.Add("encode " + Scripts(inputs));
        return Hidden(inputs.Select(input => (input.TokenIds[0], input.TokenIds.Length)));
    }

    public Tensor Prefill(IReadOnlyList<ModelInput> inputs, IReadOnlyList<int> rows)
    {
        Log.Add("prefill " + Scripts(inputs));
        for (var i = 0; i < inputs.Count; i++) _rows[rows[i]] = (inputs[i].TokenIds[0], inputs[i].TokenIds.Length);
        return Hidden(rows.Select(row => _rows[row]));
    }

    public Tensor Step(IReadOnlyList<int> tokenIds)
    {
        BeforeStep?.Invoke(Steps++);
        for (var row = 0; row < tokenIds.Count; row++) _rows[row].Read++;
        Log.Add("step " + string.Join(' ', _rows.Take(tokenIds.Count).Select((row, i) => $"{row.Script}:{tokenIds[i]}")));
        return Hidden(_rows.Take(tokenIds.Count));
    }

    public Tensor Logits(Tensor hidden)
    {
        var logits = zeros(hidden.shape[0], Vocabulary);
        for (var i = 0; i < hidden.shape[0]; i++)
        {
            var script = (int)hidden[i, 0].item<float>();
            var written = (int)hidden[i, 1].item<float>() - _promptLengths[script];
            logits[i, _scripts[script][written % _scripts[script].Length]] = LogitOf.GetValueOrDefault(script, 1);
        }
        return logits;
    }

    public void ResizeCache(int rows, int capacity, int keep)
    {
        CacheSizes.Add((rows, capacity));
        HasCache = true;
        Array.Resize(ref _rows, rows);
    }

    public void MoveRow(int from, int to) => _rows[to] = _rows[from];

    public void ReleaseCache() => HasCache = false;

    private static string Scripts(IReadOnlyList<ModelInput> inputs) => string.Join(' ', inputs.Select(input => input.TokenIds[0]));

    private static Tensor Hidden(IEnumerable<(int Script, int Read)> rows)
    {
        var values = rows.SelectMany(row => new float[] { row.Script, row.Read }).ToArray();
        return tensor(values, [values.Length / 2, 2]);
    }
}
