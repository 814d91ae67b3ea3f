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
    private readonly List<State> _states = [];

    /// <summary>How many tokens of each prompt each pass into a state has read.</summary>
    public List<int[]> Prefilled { get; } = [];

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

    public bool HasState => _states.Count > 0;

    /// <summary>What the states that exist take, in tokens.</summary>
    public long StateTokens => _states.Sum(state => state.Slots.Length * (state.Capacity + SlotTokens));

    public Action? BeforePrefill { get; set; }

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

    public bool CanCutStates { get; init; } = true;

    public int ImageTokenId { get; init; } = -1;

    public int TokensOf(ImageGrid grid) => grid.Patches / 4;

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

    public ISequenceState CreateState(int slots, int capacity)
    {
        StateSizes.Add((slots, capacity));
        var state = new State(this, slots, capacity);
        _states.Add(state);
        return state;
    }

    public Tensor Prefill(IReadOnlyList<ModelInput> inputs, ISequenceState state, IReadOnlyList<int> slots)
    {
        _ = Scripts(inputs);
        BeforePrefill?.Invoke();
        Prefilled.Add([.. inputs.Select(input => input.TokenIds.Length)]);
        var held = ((State)state).Slots;
        for (var i = 0; i < inputs.Count; i++)
        {
            var (script, read) = held[slots[i]];
            held[slots[i]] = (read == 0 ? inputs[i].TokenIds[0] : script, read + inputs[i].TokenIds.Length);
            Assert.InRange(held[slots[i]].Read, 1, ((State)state).Capacity);
        }
        return Hidden(slots.Select(slot => held[slot]));
    }

    public Tensor Step(IReadOnlyList<int> tokenIds, ISequenceState state)
    {
        var slots = ((State)state).Slots;
        Steps.Add([.. slots.Take(tokenIds.Count).Select(slot => slot.Script)]);
        BeforeStep?.Invoke(Steps.Count - 1);
        for (var slot = 0; slot < tokenIds.Count; slot++)
        {
            slots[slot].Read++;
            Fed.TryAdd(slots[slot].Script, []);
            Fed[slots[slot].Script].Add(tokenIds[slot]);
        }
        return Hidden(slots.Take(tokenIds.Count));
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

    /// <summary>By slot, the script of its sequence and the tokens that were read.</summary>
    private sealed class State(ScriptedModel model, int slots, int capacity) : ISequenceState
    {
        public (int Script, int Read)[] Slots { get; } = new (int, int)[slots];

        public int Capacity => capacity;

        public void Reset(int slot) => Slots[slot] = default;

        public void CopyFrom(ISequenceState source, int from, int to) => Slots[to] = ((State)source).Slots[from];

        public void Begin(ISequenceState source, int to, PromptContent prompt, int tokens)
        {
            var (script, read) = ((State)source).Slots[0];
            Assert.Equal(prompt.First(1)[0], script);
            Assert.InRange(tokens, 1, model.CanCutStates ? read : tokens);
            Assert.True(model.CanCutStates || tokens == read);
            Assert.Contains((State)source, model._states);
            Slots[to] = (script, tokens);
        }

        public void Dispose() => Assert.True(model._states.Remove(this), "The state is disposed twice.");
    }
}
