using Rge.Models;
using Rge.Models.Tensors;
using Rge.Training.Batches;
using static TorchSharp.torch;

namespace Rge.Training.Objective;

/// <summary>
/// Dense classification: a linear head tells colour, shape and cell from each merged patch feature. Through next-token loss alone a new
/// vision tower learns shapes only after hundreds of steps; this takes it there in seconds. Borrows the model, owns the head.
/// </summary>
internal sealed class CellObjective : IDisposable
{
    private readonly QwenVlModel _model;
    private readonly int[] _classes;

    /// <param name="model">The model.</param>
    /// <param name="classes">Numbers of colours, shapes and cells, "none" counted.</param>
    /// <param name="seed">Seed of the head.</param>
    public CellObjective(QwenVlModel model, int[] classes, long seed)
    {
        (_model, _classes) = (model, classes);
        using var generator = new Generator((ulong)seed);
        using var scope = NewDisposeScope();
        Weight = randn([classes.Sum(), model.Config.Text.HiddenSize], ScalarType.Float32, generator: generator).Mul_(0.02).to(model.Device);
        Bias = zeros([classes.Sum()], ScalarType.Float32, model.Device);
        // Detached only when both are there: if there is no memory for the second, the first is freed.
        Weight.DetachFromDisposeScope();
        Bias.DetachFromDisposeScope();
    }

    /// <summary>The head's weight <c>[classes, hidden]</c>.</summary>
    public Tensor Weight { get; }

    /// <summary>The head's bias <c>[classes]</c>.</summary>
    public Tensor Bias { get; }

    /// <summary>
    /// Mean cross entropy over the patches with a label, summed over the three questions; its gradients are added to the parameters'. A
    /// question without any label adds nothing.
    /// </summary>
    /// <returns>The loss, and the share of patches whose three labels are all right.</returns>
    public (double Loss, double Accuracy) Backward(CellBatch batch)
    {
        using var scope = NewDisposeScope();
        var features = _model.EncodeImages(batch.Images);
        try
        {
            var logits = nn.functional.linear(cat([.. features.Select(image => image.Merged)], 0).to(ScalarType.Float32), Weight, Bias);
            long[][] labels = [batch.Colors, batch.Shapes, batch.Cells];
            Tensor? loss = null,
                right = null;
            for (var (i, start) = (0, 0L); i < labels.Length; start += _classes[i++])
            {
                var (part, wanted) = (logits.narrow(1, start, _classes[i]), tensor(labels[i], device: _model.Device));
                var hits = part.argmax(1).eq(wanted).logical_or(wanted.Below(0));
                right = right is null ? hits : right.logical_and(hits);
                // The mean of nothing would be no number.
                if (!labels[i].Any(label => label >= 0))
                    continue;
                var term = nn.functional.cross_entropy(part, wanted, ignore_index: -100);
                loss = loss is null ? term : loss.Plus(term);
            }
            loss?.backward();
            return (loss?.Number() ?? 0, right!.to(ScalarType.Float32).mean().Number());
        }
        finally
        {
            foreach (var image in features)
                image.Dispose();
        }
    }

    public void Dispose()
    {
        Weight.Dispose();
        Bias.Dispose();
    }
}
