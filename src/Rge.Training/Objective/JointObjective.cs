using Rge.Models;
using Rge.Models.Tensors;
using Rge.Training.Batches;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Objective;

/// <summary>
/// The joint objective of reasoning-guided embedding on one batch: next-token loss on the oracle rationales and <c>&lt;emb&gt;</c>, plus
/// InfoNCE on query embeddings taken after a rationale and target embeddings (arXiv 2511.16150, section on training).
/// </summary>
/// <remarks>
/// A batch with more tokens than fit at once is processed in chunks with gradient caching (Gao et al., 2021): embeddings of all chunks
/// without gradient, InfoNCE on those, then each chunk again with gradient, fed with the gradients of its embeddings. The result is that
/// of the whole batch. <c>logScale</c> is ln(1 / temperature): where it is learned, a step changes the temperature by a share of itself.
/// It is null where InfoNCE is never taken.
/// Borrows model and scale; runs on the calling thread and leaves gradients in its parameters.
/// </remarks>
public sealed class JointObjective(
    QwenVlModel model,
    int embToken,
    ObjectiveSettings settings,
    Tensor? logScale,
    bool activationCheckpointing = false,
    int? fillerToken = null
)
{
    private readonly IReadOnlyList<QueryView> _views = settings.Views;
    private readonly long[] _sizes = Sizes(model.Config.Text.HiddenSize, settings.Dimensions);

    /// <summary>Computes the losses of a batch and adds their gradients to the parameters'.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="selfRationales">The rationale the model wrote for each query, without <c>&lt;emb&gt;</c>; needed where the settings
    /// take InfoNCE after them, or after controls that are made of them.</param>
    /// <param name="lmWeight">Weight of the next-token loss.</param>
    /// <param name="embeddingWeight">Weight of InfoNCE.</param>
    /// <param name="sampledRationales">Of each query the rationales that were sampled; needed where the settings take InfoNCE after
    /// them.</param>
    /// <param name="cancellationToken">Stops between chunks; gradients are then incomplete.</param>
    public StepLosses Backward(
        TrainingBatch batch,
        IReadOnlyList<int[]>? selfRationales,
        double lmWeight,
        double embeddingWeight,
        IReadOnlyList<int[][]>? sampledRationales = null,
        CancellationToken cancellationToken = default
    )
    {
        if (batch.Pairs is null)
            embeddingWeight = 0;
        var gated = settings.Gate.IsOn && embeddingWeight > 0;
        var rationales = new ViewRationales(batch.Queries, selfRationales, sampledRationales, fillerToken);
        var units = Units(batch, rationales, lmWeight > 0, embeddingWeight > 0);
        var chunks = Chunks(units);
        var predicted = units.Sum(unit => unit.Sum(sequence => sequence.Predicted));
        using var scope = NewDisposeScope();

        var (contrast, gradients) =
            embeddingWeight > 0 && chunks.Count > 1
                ? CacheGradients(chunks, batch, embeddingWeight, cancellationToken)
                : (new Contrasted(new double[_views.Count], []), null);
        var (lmSum, correct) = (0.0, 0.0);
        var gate = new GateLoss();
        foreach (var chunk in chunks)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var step = NewDisposeScope();
            using var pass = new SequencePass(model, chunk, activationCheckpointing);
            var terms = new List<Tensor>();
            if (pass.EmbeddingRows.Length > 0 && embeddingWeight > 0)
            {
                if (gradients is not null)
                {
                    // d(x · g)/dx = g: the cached gradient flows on as if the whole batch were in one graph.
                    using var rows = tensor(pass.EmbeddingRows, device: model.Device);
                    terms.Add((pass.Embeddings() * gradients.index_select(0, rows)).sum());
                }
                else
                {
                    // All are here, but those of a query stand together.
                    using var order = tensor(pass.EmbeddingRows, device: model.Device).argsort();
                    (var loss, contrast) = Contrast(pass.Embeddings().index_select(0, order), batch);
                    terms.Add(loss.Times(embeddingWeight));
                }
            }
            var gates = pass.GatedQueries.Length > 0 ? pass.Gates() : null;
            if (pass.Predict() is { } language)
            {
                var sum = language.Sum;
                if (gates is not null)
                    sum -= GateLoss.Excess(gates, pass.GatedQueries.Select(query => IsWritten(batch.Queries[query], writes: true, gated)));
                terms.Add(sum.Times(lmWeight / predicted));
                lmSum += sum.Number();
                correct += language.Correct.Number();
            }
            if (gates is not null)
                terms.Add(
                    gate.Sum(gates, [.. pass.GatedQueries.Select(query => contrast.Labels[query])])
                        .Times(settings.Gate.Weight / batch.Queries.Count)
                );
            terms.Aggregate((sum, term) => sum.Plus(term)).backward();
        }
        var (lmLoss, infoNce) = (predicted > 0 ? lmSum / predicted : 0, contrast.Losses);
        var means = _views
            .Zip(infoNce)
            .GroupBy(view => view.First.Source, view => view.Second)
            .ToDictionary(losses => losses.Key, losses => losses.Average());
        return new StepLosses
        {
            Loss =
                lmWeight * lmLoss
                + embeddingWeight * _views.Zip(infoNce, (view, loss) => view.Weight * loss).Sum()
                + settings.Gate.Weight * (gate.Outcome?.Loss ?? 0),
            Gate = gate.Outcome,
            LmLoss = lmLoss,
            LmAccuracy = predicted > 0 ? correct / predicted : 0,
            InfoNce = means[settings.Rationale],
            Also = means.Where(mean => mean.Key != settings.Rationale).ToDictionary(),
            LmTokens = predicted,
            Tokens = units.Sum(unit => unit.Sum(sequence => sequence.Tokens.Length)),
        };
    }

    /// <summary>InfoNCE over embeddings that were computed without gradient, and its gradient for each.</summary>
    private (Contrasted Contrast, Tensor Gradients) CacheGradients(
        IReadOnlyList<IReadOnlyList<TrainedSequence>> chunks,
        TrainingBatch batch,
        double weight,
        CancellationToken cancellationToken
    )
    {
        using var scope = NewDisposeScope();
        var rows = FirstTarget(batch) + batch.Targets.Count;
        var embeddings = zeros([rows, model.Config.Text.HiddenSize], ScalarType.Float32, model.Device);
        using (no_grad())
        {
            foreach (var chunk in chunks)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var step = NewDisposeScope();
                using var pass = new SequencePass(
                    model,
                    [.. chunk.Where(sequence => sequence.EmbeddingRow is not null)],
                    activationCheckpointing: false
                );
                if (pass.EmbeddingRows.Length > 0)
                    embeddings.index_copy_(0, tensor(pass.EmbeddingRows, device: model.Device), pass.Embeddings());
            }
        }
        embeddings.requires_grad_(true);
        var (loss, contrast) = Contrast(embeddings, batch);
        loss.Times(weight).backward();
        return (contrast, embeddings.grad!.clone().MoveToOuterDisposeScope());
    }

    /// <summary>The row of the first target's embedding: before it are the queries, once for each kind of rationale.</summary>
    private int FirstTarget(TrainingBatch batch) => _views.Count * batch.Queries.Count;

    /// <summary>
    /// InfoNCE of embeddings <c>[V B + M, hidden]</c>, for each kind of rationale the queries against all targets: the weighted sum, and
    /// what it consists of.
    /// </summary>
    private (Tensor Sum, Contrasted Parts) Contrast(Tensor embeddings, TrainingBatch batch)
    {
        var (count, scale) = (batch.Queries.Count, logScale!.exp());
        var targets = embeddings.narrow(0, FirstTarget(batch), batch.Targets.Count);
        Tensor[] losses =
        [
            .. _views.Select(
                (_, view) => Nested(size => InfoNce.Loss(Queries(view, size), Cut(targets, size), batch.Pairs!, scale, settings.Direction))
            ),
        ];
        var sum = _views.Zip(losses, (view, loss) => view.Weight == 1 ? loss : loss.Times(view.Weight)).Aggregate((a, b) => a.Plus(b));
        return (sum, new Contrasted([.. losses.Select(loss => loss.Number())], settings.Gate.IsOn ? GateLabels() : []));

        Tensor Queries(int view, long size) => Cut(embeddings.narrow(0, view * count, count), size);

        float[] GateLabels() =>
            GateLoss.Labels(Whole(RationaleSource.None), Whole(RationaleSource.Self), targets, batch.Pairs!, scale, settings.Gate);

        Tensor Whole(RationaleSource source) =>
            Queries(_views.Index().Single(of => of.Item.Source == source).Index, model.Config.Text.HiddenSize);
    }

    /// <summary>The mean of a loss over the sizes that embeddings may be cut to (Kusupati et al., 2022).</summary>
    private Tensor Nested(Func<long, Tensor> loss)
    {
        var sum = _sizes.Select(loss).Aggregate((a, b) => a.Plus(b));
        return _sizes.Length == 1 ? sum : sum.Over(_sizes.Length);
    }

    /// <exception cref="TrainingException">A size is no cut of the whole.</exception>
    private static long[] Sizes(long whole, int[] cuts) =>
        cuts.FirstOrDefault(size => size >= whole) is var size and > 0
            ? throw new TrainingException($"objective.dimensions has {size}, expected less than the {whole} dimensions of the model.")
            : [whole, .. cuts];

    private static Tensor Cut(Tensor embeddings, long size) => embeddings.shape[1] == size ? embeddings : embeddings.narrow(1, 0, size);

    /// <summary>Whether the next-token loss counts for a query. Beside a gate a rationale without words has nothing to predict.</summary>
    private static bool IsWritten(EncodedQuery query, bool writes, bool gated) => writes && query.Rationale.Length > (gated ? 1 : 0);

    /// <summary>The sequences of each query and target; those of one must not be parted.</summary>
    private List<TrainedSequence[]> Units(TrainingBatch batch, ViewRationales rationales, bool writes, bool embeds)
    {
        var (units, gated) = (new List<TrainedSequence[]>(), settings.Gate.IsOn && embeds);
        int[] end = settings.Pooling == EmbeddedState.AtEmb ? [embToken] : [];
        for (var i = 0; i < batch.Queries.Count; i++)
        {
            var query = batch.Queries[i];
            var sequences = new List<TrainedSequence>();
            if (IsWritten(query, writes, gated))
                sequences.Add(
                    new TrainedSequence([.. query.Prompt, .. query.Rationale], query.Images) { Predicted = query.Rationale.Length }
                );
            if (embeds)
                sequences.AddRange(
                    _views.Select(
                        (view, number) =>
                            new TrainedSequence([.. query.Prompt, .. rationales.Of(view, i), .. end], query.Images)
                            {
                                EmbeddingRow = number * batch.Queries.Count + i,
                                Gate = gated && view.Source == RationaleSource.None ? new Gate(i, query.Prompt.Length - 1, embToken) : null,
                            }
                    )
                );
            if (sequences.Count > 0)
                units.Add([.. sequences]);
        }
        if (embeds)
            for (var i = 0; i < batch.Targets.Count; i++)
                units.Add([
                    new TrainedSequence(batch.Targets[i].Tokens, batch.Targets[i].Images) { EmbeddingRow = FirstTarget(batch) + i },
                ]);
        if (units.Count == 0)
            throw new TrainingException(
                $"{batch.Queries[0].Sample.Source} and the rest of its batch have nothing to learn: neither a rationale nor a target "
                    + "counts in this phase."
            );
        return units;
    }

    private List<IReadOnlyList<TrainedSequence>> Chunks(List<TrainedSequence[]> units)
    {
        var (chunks, tokens) = (new List<List<TrainedSequence>>(), 0);
        foreach (var unit in units)
        {
            var more = unit.Sum(sequence => sequence.Tokens.Length);
            if (chunks.Count == 0 || (settings.ChunkTokens > 0 && tokens + more > settings.ChunkTokens))
            {
                chunks.Add([]);
                tokens = 0;
            }
            chunks[^1].AddRange(unit);
            tokens += more;
        }
        return [.. chunks];
    }

    /// <summary>What InfoNCE of a batch gave.</summary>
    /// <param name="Losses">The loss of each kind of rationale.</param>
    /// <param name="Labels">Of each query, what its gate is to learn; empty where none is trained.</param>
    private sealed record Contrasted(double[] Losses, float[] Labels);
}
