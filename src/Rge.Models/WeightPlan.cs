using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using Rge.Models.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>
/// Where each parameter of a model comes from: the checkpoint, an adapter merged into it, or both. Decides what transformers and PEFT
/// decide where the two disagree about the vocabulary and the output projection. Borrows both.
/// </summary>
internal sealed class WeightPlan
{
    private const string Weight = ".weight",
        Head = "lm_head";

    private readonly Checkpoint _checkpoint;
    private readonly PeftAdapter? _adapter;
    private readonly StoredWeights? _stored;
    private readonly Output _output;

    /// <exception cref="CheckpointException">The checkpoint does not fit its configuration, or the adapter the checkpoint.</exception>
    public WeightPlan(QwenVlConfig config, Checkpoint checkpoint, PeftAdapter? adapter)
    {
        (_checkpoint, _adapter) = (checkpoint, adapter);
        _stored = StoredWeights.Create(config.Quantization, checkpoint);
        var stored = new Dictionary<string, long[]>(StringComparer.Ordinal);
        foreach (var (name, shape) in ParameterLayout.Create(config))
            if (IsStoredRounded(name))
                foreach (var (part, partShape) in _stored!.Shapes(name, shape[0], shape[1]))
                    stored.Add(part, partShape);
            else
                stored.Add(name, shape);
        // As in transformers, which begins a head that is not stored at random: of use only to those who train it.
        if (!checkpoint.Contains(ParameterLayout.OutputProjection))
            stored.Remove(ParameterLayout.OutputProjection);
        checkpoint.Require(stored, name => ParameterLayout.IsIgnorable(config, name));

        var rows = Replaced(ParameterLayout.TokenEmbedding)?.shape[0] ?? config.Text.VocabSize;
        _output = DecideOutput(config.Text, rows);
        Config = config.WithVocabulary(checked((int)rows), tied: _output == Output.Tied);
        var layout = new Dictionary<string, long[]>(ParameterLayout.Create(Config), StringComparer.Ordinal);
        if (_output == Output.None)
            layout.Remove(ParameterLayout.OutputProjection);
        Layout = layout;
        // An output projection that equals the tied embedding is nothing of its own.
        adapter?.Require(
            _output == Output.Tied
                ? new Dictionary<string, long[]>(layout, StringComparer.Ordinal)
                {
                    [ParameterLayout.OutputProjection] = layout[ParameterLayout.TokenEmbedding],
                }
                : layout
        );
    }

    /// <summary>What the output projection is made of.</summary>
    private enum Output
    {
        Tied,
        None,
        StoredOutput,
        StoredEmbedding,
        AdapterOutput,
        AdapterEmbedding,
    }

    /// <summary>The checkpoint's configuration, with the vocabulary and the tying that the adapter has left.</summary>
    public QwenVlConfig Config { get; }

    /// <summary>
    /// Shapes of the parameters by canonical name. The output projection is among them where the model has one of its own.
    /// </summary>
    public IReadOnlyDictionary<string, long[]> Layout { get; }

    /// <summary>The few bits that the checkpoint holds a weight in; null for numbers.</summary>
    public WeightFormat? StoredFormat(string name) => IsStoredRounded(name) ? _stored!.Format(name) : null;

    /// <summary>Reads a weight as the few bits that it is stored in; the caller disposes. An adapter is not merged into it.</summary>
    /// <param name="name">A name that has a <see cref="StoredFormat"/>.</param>
    public QuantizedTensors ReadStored(string name)
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        var shape = Layout[name];
        return _stored!.Read(name, shape[0], shape[1]).MoveOut();
    }

    /// <summary>Reads a parameter; the caller disposes.</summary>
    /// <param name="name">A name of <see cref="Layout"/>.</param>
    /// <param name="dtype">Number type wanted.</param>
    /// <param name="device">Where it is to lie.</param>
    /// <param name="writable">Whether it must have memory of its own.</param>
    public Tensor Read(string name, ScalarType dtype, Device device, bool writable)
    {
        var (replaced, stored) =
            name == ParameterLayout.OutputProjection
                ? _output switch
                {
                    Output.AdapterOutput => (Replaced(name), name),
                    Output.AdapterEmbedding => (Replaced(ParameterLayout.TokenEmbedding), name),
                    Output.StoredEmbedding => (null, ParameterLayout.TokenEmbedding),
                    _ => (null, name),
                }
                : (Replaced(name), name);
        if (
            name.EndsWith(Weight, StringComparison.Ordinal)
            && _adapter?.Modules.TryGetValue(name[..^Weight.Length], out var change) == true
        )
        {
            // Merged in float32 before the weight is rounded to the wanted type.
            using var full = replaced?.to(ScalarType.Float32, CPU, copy: true) ?? ReadNumbers(stored, ScalarType.Float32, CPU);
            using var merged = change.Merge(full);
            return merged.to(dtype, device, copy: true);
        }
        if (replaced is not null)
            return replaced.to(dtype, device, copy: true);
        return !writable && device.type == DeviceType.CPU && !IsStoredRounded(stored) && _checkpoint.DType(stored) == dtype
            ? _checkpoint.Map(stored)
            : ReadNumbers(stored, dtype, device);
    }

    private bool IsStoredRounded(string name) => _stored?.Holds(name) == true && Replaced(name) is null;

    private Tensor ReadNumbers(string name, ScalarType dtype, Device device)
    {
        if (!IsStoredRounded(name))
            return _checkpoint.Read(name, dtype, device);
        using var scope = NewDisposeScope();
        var shape = Layout[name];
        var dense = QuantizedWeight.Create(name, ReadStored(name), shape[1], shape[0]).ToDense();
        return dense.to(dtype, device).MoveToOuterDisposeScope();
    }

    /// <summary>Reads the weight of a linear layer and rounds it, after an adapter is merged; the caller disposes.</summary>
    /// <param name="name">A name of <see cref="Layout"/>.</param>
    /// <param name="format">To what: int8 or int4.</param>
    /// <exception cref="CheckpointException">The weight has a number that is not finite.</exception>
    public QuantizedTensors ReadRounded(string name, WeightFormat format)
    {
        using var scope = NewDisposeScope();
        var isExact = _adapter is null && _checkpoint.Contains(name) && _checkpoint.DType(name) == ScalarType.BFloat16;
        var dense = Read(name, isExact ? ScalarType.BFloat16 : ScalarType.Float32, CPU, writable: false);
        var tensors = QuantizedWeight.Round(dense, format);
        return isfinite(tensors.Scales).all().item<bool>()
            ? tensors.MoveOut()
            : throw new CheckpointException(
                $"{_checkpoint.Folder}: {name} has a number that is not finite, which cannot be rounded to few bits; expected finite weights."
            );
    }

    /// <summary>
    /// As PEFT leaves it: a module of <c>modules_to_save</c> becomes a copy of its own, so that the two sides of a tied model part; one
    /// that was merely saved along is loaded into the tensor that both share.
    /// </summary>
    private Output DecideOutput(TextConfig text, long rows)
    {
        var (embedding, output) = (Replaced(ParameterLayout.TokenEmbedding), Replaced(ParameterLayout.OutputProjection));
        if (!text.TieWordEmbeddings)
            return output is not null ? Output.AdapterOutput
                : _checkpoint.Contains(ParameterLayout.OutputProjection) && rows == text.VocabSize ? Output.StoredOutput
                : Output.None;

        var shared = DecideTied(text, rows, embedding, output);
        if (shared != Output.Tied || _adapter?.Modules.ContainsKey(Head) != true)
            return shared;
        // The low-rank change is the output's alone.
        return embedding is null ? Output.StoredEmbedding : Output.AdapterEmbedding;
    }

    private Output DecideTied(TextConfig text, long rows, Tensor? embedding, Tensor? output)
    {
        if (output is not null)
        {
            if (embedding is not null && AreEqual(embedding, output))
                return Output.Tied;
            if (!_adapter!.Config.KeepsWeightsTied && (IsSaved("embed_tokens") || IsSaved(Head)))
                return Output.AdapterOutput;
            throw new CheckpointException(
                $"The adapter{_adapter.Named} holds a token embedding and an output projection of its own, but the model ties the two "
                    + "and modules_to_save does not part them."
            );
        }
        if (embedding is null || _adapter!.Config.KeepsWeightsTied || !IsSaved("embed_tokens"))
            return Output.Tied;
        return rows == text.VocabSize ? Output.StoredEmbedding : Output.None;
    }

    private bool IsSaved(string module) =>
        _adapter!.Config.ModulesToSave.Any(saved => saved == module || saved.EndsWith("." + module, StringComparison.Ordinal));

    private Tensor? Replaced(string name) => _adapter?.FullParameters.GetValueOrDefault(name);

    private static bool AreEqual(Tensor a, Tensor b)
    {
        if (a.dtype != b.dtype || !a.shape.AsSpan().SequenceEqual(b.shape))
            return false;
        using var scope = NewDisposeScope();
        return a.eq(b).all().item<bool>();
    }
}
