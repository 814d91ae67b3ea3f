using Rge.Decoding;
using Rge.Imaging;
using Rge.Models.Inputs;
using static TorchSharp.torch;

namespace Rge.Tests.Decoding;

/// <summary>
/// A model that writes a given script: a prompt's first token names its script. Its hidden states are (script, tokens read so far), so
/// that a result tells which sequence and which step it was taken from. Keeps what it was asked to read, in whatever order.
/// </summary>
internal sealed class ScriptedModel : ISequenceModel
{
    public const int Emb = 9;
    private const int Vocabulary = 10;

    private readonly Dictionary<int, int[]> _scripts = [];
    private readonly Dictionary<int, int> _promptLengths = [];
    private (int Script, int Read)[] _slots = [];

    /// <summary>The scripts of the prompts of each batch that was read without a rationale to follow.</summary>
    public List<int[]> Encoded { get; } = [];

    /// <summary>The scripts that each step fed a token.</summary>
    public List<int[]> Steps { get; } = [];

    /// <summary>The tokens that steps fed each script.</summary>
    public Dictionary<int, List<int>> Fed { get; } = [];

    /// <summary>Images that went through the vision tower, counted each time.</summary>
    public int ImagesEncoded { get; private set; }

    /// <summary>Whether a prompt was read whose images had been freed.</summary>
    public bool HasReadFreedImages { get; private set; }

    public List<(int Slots, int Capacity)> StateSizes { get; } = [];

    public bool HasState { get; private set; }

    public Action<int>? BeforeStep { get; set; }

    public Dictionary<int, float> LogitOf { get; } = [];

    /// <summary>A request whose rationale is the given one, over and over.</summary>
    public DecodeRequest Request(int script, int promptLength, GenerationOptions? generation, params int[] rationale)
    {
        _scripts[script] = rationale;
        _promptLengths[script] = promptLength;
        return new DecodeRequest([script, .. Enumerable.Repeat(0, promptLength - 1)]) { Generation = generation };
    }

    public long SlotTokens { get; init; }

    public IReadOnlyList<VisionFeatures> EncodeImages(IReadOnlyList<PatchedImage> images)
    {
        ImagesEncoded += images.Count;
        return [.. images.Select(image => new VisionFeatures(image.Grid, zeros(1, 2).DetachFromDisposeScope(), []))];
    }

    public Tensor Encode(IReadOnlyList<ModelInput> inputs)
    {
        Encoded.Add(Scripts(inputs));
        return Hidden(inputs.Select(input => (input.TokenIds[0], input.TokenIds.Length)));
    }

    public Tensor Prefill(IReadOnlyList<ModelInput> inputs, IReadOnlyList<int> slots)
    {
        _ = Scripts(inputs);
        for (var i = 0; i < inputs.Count; i++)
            _slots[slots[i]] = (inputs[i].TokenIds[0], inputs[i].TokenIds.Length);
        return Hidden(slots.Select(slot => _slots[slot]));
    }

    public Tensor Step(IReadOnlyList<int> tokenIds)
    {
        Steps.Add([.. _slots.Take(tokenIds.Count).Select(slot => slot.Script)]);
        BeforeStep?.Invoke(Steps.Count - 1);
        for (var slot = 0; slot < tokenIds.Count; slot++)
        {
            _slots[slot].Read++;
            Fed.TryAdd(_slots[slot].Script, []);
            Fed[_slots[slot].Script].Add(tokenIds[slot]);
        }
        return Hidden(_slots.Take(tokenIds.Count));
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

    public void ResizeState(int slots, int capacity, int keep)
    {
        StateSizes.Add((slots, capacity));
        HasState = true;
        Array.Resize(ref _slots, slots);
    }

    public void MoveSlot(int from, int to) => _slots[to] = _slots[from];

    public void ReleaseState() => HasState = false;

    private int[] Scripts(IReadOnlyList<ModelInput> inputs)
    {
        HasReadFreedImages |= inputs.SelectMany(input => input.Images).Any(features => features.Merged.IsInvalid);
        return [.. inputs.Select(input => input.TokenIds[0])];
    }

    private static Tensor Hidden(IEnumerable<(int Script, int Read)> rows)
    {
        var values = rows.SelectMany(row => new float[] { row.Script, row.Read }).ToArray();
        return tensor(values, [values.Length / 2, 2]);
    }
}
