using Rge.Imaging;
using Rge.Models;
using Rge.Models.Gradients;
using Rge.Models.Inputs;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Training.Objective;

/// <summary>
/// One forward pass over sequences: each distinct image goes through the vision tower once, common prefixes of sequences are computed
/// once.
/// </summary>
/// <remarks>Follows the thread's gradient mode. Owns its tensors, except those that its methods return.</remarks>
public sealed class SequencePass : IDisposable
{
    private readonly QwenVlModel _model;
    private readonly IReadOnlyList<TrainedSequence> _sequences;
    private readonly IReadOnlyList<VisionFeatures> _features;
    private readonly PackedStates? _states;

    /// <summary>Runs the pass.</summary>
    /// <param name="model">The model; borrowed.</param>
    /// <param name="sequences">The sequences.</param>
    /// <param name="activationCheckpointing">Whether activations of decoder layers are computed again in the backward pass.</param>
    public SequencePass(QwenVlModel model, IReadOnlyList<TrainedSequence> sequences, bool activationCheckpointing)
    {
        (_model, _sequences) = (model, sequences);
        TrainedSequence[] embedded = [.. sequences.Where(sequence => sequence.EmbeddingRow is not null)];
        GatedQueries = [.. sequences.Select(sequence => sequence.Gate?.Query).OfType<int>()];
        EmbeddingRows = [.. embedded.Select(sequence => (long)sequence.EmbeddingRow!.Value)];
        PatchedImage[] images = [.. sequences.SelectMany(sequence => sequence.Images).Distinct()];
        _features = model.EncodeImages(images, activationCheckpointing);
        try
        {
            var featuresOf = images.Zip(_features).ToDictionary(pair => pair.First, pair => pair.Second);
            ModelInput[] inputs =
            [
                .. sequences.Select(sequence => new ModelInput(sequence.Tokens, [.. sequence.Images.Select(image => featuresOf[image])])),
            ];
            if (inputs.Length > 0)
                _states = model.Forward(inputs, [.. sequences.Select(Wanted)], activationCheckpointing);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The step's row of each embedding that this pass gives.</summary>
    public long[] EmbeddingRows { get; }

    /// <summary>The queries whose gates this pass gives.</summary>
    public int[] GatedQueries { get; }

    /// <summary>
    /// The log-odds that <c>&lt;emb&gt;</c> follows the prompt, and no other token, of the sequences that show a gate: float32 <c>[G]</c>.
    /// </summary>
    public Tensor Gates()
    {
        var gates = _sequences.Index().Where(of => of.Item.Gate is not null).Select(of => (of.Index, Gate: of.Item.Gate!.Value)).ToArray();
        var logits = _model.Logits(Rows(gates.Select(of => (of.Index, of.Gate.Position)))).to(ScalarType.Float32);
        var emb = tensor(Array.ConvertAll(gates, of => (long)of.Gate.EmbToken), device: _model.Device).unsqueeze(1);
        var others = logits.scatter(1, emb, zeros_like(emb, ScalarType.Float32).Plus(double.NegativeInfinity));
        return (logits.gather(1, emb) - others.logsumexp(1, keepdim: true)).squeeze(1);
    }

    /// <summary>Hidden states at the last tokens of the sequences that are embedded, float32 <c>[E, hidden]</c>.</summary>
    public Tensor Embeddings() =>
        Rows(
                Enumerable
                    .Range(0, _sequences.Count)
                    .Where(i => _sequences[i].EmbeddingRow is not null)
                    .Select(i => (i, _sequences[i].Tokens.Length - 1))
            )
            .to(ScalarType.Float32);

    /// <summary>Summed next-token loss over all predicted tokens, and how many were the likeliest; null where none is predicted.</summary>
    public (Tensor Sum, Tensor Correct)? Predict()
    {
        long[] labels = [.. _sequences.SelectMany(sequence => sequence.Tokens[^sequence.Predicted..]).Select(token => (long)token)];
        return labels.Length == 0 ? null : LanguageLoss.Sum(PredictedLogits(), labels);
    }

    /// <summary>Natural logarithm of the probability of each predicted token, sequence after sequence, float32 <c>[P]</c>.</summary>
    public Tensor LogProbabilities()
    {
        long[] labels = [.. _sequences.SelectMany(sequence => sequence.Tokens[^sequence.Predicted..]).Select(token => (long)token)];
        return nn
            .functional.cross_entropy(
                PredictedLogits().to(ScalarType.Float32),
                tensor(labels, device: _model.Device),
                reduction: nn.Reduction.None
            )
            .neg();
    }

    /// <summary>Logits that each predicted token is chosen by, sequence after sequence, <c>[P, vocab]</c>.</summary>
    public Tensor PredictedLogits() =>
        _model.Logits(
            Rows(
                _sequences
                    .Index()
                    .SelectMany(of =>
                        Enumerable
                            .Range(of.Item.Tokens.Length - of.Item.Predicted, of.Item.Predicted)
                            .Select(token => (of.Index, token - 1))
                    )
            )
        );

    /// <summary>
    /// The tokens whose states are used: those before each predicted one, that of a gate, and the last one where the sequence is embedded.
    /// </summary>
    private static Range Wanted(TrainedSequence sequence)
    {
        var last = sequence.Tokens.Length - 1;
        var first = Math.Min(last - sequence.Predicted, sequence.Gate?.Position ?? last);
        return first..(sequence.EmbeddingRow is null && sequence.Gate?.Position != last ? last : last + 1);
    }

    private Tensor Rows(IEnumerable<(int Input, int Token)> places) =>
        _states!.Select([.. places.Select(place => _states.Row(place.Input, place.Token))]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _states?.Dispose();
        foreach (var features in _features)
            features.Dispose();
    }
}
