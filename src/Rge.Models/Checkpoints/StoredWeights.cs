using Rge.Models.Configuration;
using Rge.Models.Layers;
using static TorchSharp.torch;

namespace Rge.Models.Checkpoints;

/// <summary>How a checkpoint stores the weights of linear layers that have few bits. Borrows the checkpoint.</summary>
/// <param name="checkpoint">The checkpoint.</param>
internal abstract class StoredWeights(Checkpoint checkpoint)
{
    protected const string Weight = ".weight";

    protected Checkpoint Checkpoint { get; } = checkpoint;

    /// <summary>What config.json says; null where weights are numbers of the model's type.</summary>
    public static StoredWeights? Create(QuantizationConfig? config, Checkpoint checkpoint) =>
        config?.Tensors switch
        {
            null => null,
            QuantizationConfig.Layout.Own => new OwnWeights(checkpoint),
            QuantizationConfig.Layout.Awq => new AwqWeights(checkpoint, config.GroupSize),
            var layout => new GptqWeights(checkpoint, config.GroupSize, zerosLessOne: layout == QuantizationConfig.Layout.Gptq),
        };

    /// <summary>Whether a weight, by its canonical name, is stored in few bits.</summary>
    public abstract bool Holds(string name);

    /// <summary>The form of a weight that <see cref="Holds"/> is true of.</summary>
    public abstract WeightFormat Format(string name);

    /// <summary>The tensors that a weight is stored as, by canonical name, for one that <see cref="Holds"/> is true of.</summary>
    public abstract IEnumerable<(string Name, long[] Shape)> Shapes(string name, long outputs, long inputs);

    /// <summary>Reads a weight that <see cref="Holds"/> is true of, in the dispose scope in use.</summary>
    /// <exception cref="CheckpointException">A tensor has another number type than it must have, or numbers that make no sense.</exception>
    public abstract QuantizedTensors Read(string name, long outputs, long inputs);

    /// <summary>A tensor, which must have a type.</summary>
    protected Tensor Map(string name, params ScalarType[] types)
    {
        var stored = Checkpoint.DType(name);
        return types.Contains(stored) ? Checkpoint.Map(name) : throw Unusable(name, $"is {stored}, expected {string.Join(" or ", types)}");
    }

    protected CheckpointException Unusable(string name, string problem) => new($"{Checkpoint.Folder}: {name} {problem}.");

    /// <summary>The own layout: each of <see cref="QuantizedTensors.Parts"/> by itself. Nothing is read before it is used.</summary>
    private sealed class OwnWeights(Checkpoint checkpoint) : StoredWeights(checkpoint)
    {
        public override bool Holds(string name) => Checkpoint.Contains(name + QuantizedTensors.Scale);

        public override WeightFormat Format(string name) =>
            Checkpoint.Contains(name) && Checkpoint.DType(name) == ScalarType.Int8 ? WeightFormat.Int8 : WeightFormat.Int4;

        public override IEnumerable<(string Name, long[] Shape)> Shapes(string name, long outputs, long inputs)
        {
            foreach (var (suffix, _, shape) in QuantizedWeight.Expected(Format(name), inputs, outputs))
                yield return (name + suffix, shape);
            foreach (var optional in (string[])[name + QuantizedTensors.Offset, name + QuantizedTensors.InputOrder])
                if (Checkpoint.Contains(optional))
                    yield return (optional, Checkpoint.Shape(optional));
        }

        public override QuantizedTensors Read(string name, long outputs, long inputs)
        {
            QuantizedTensors tensors = new(
                Map(name, ScalarType.Int8, ScalarType.Byte),
                Checkpoint.Map(name + QuantizedTensors.Scale),
                Optional(name + QuantizedTensors.Offset),
                Optional(name + QuantizedTensors.InputOrder)
            );
            try
            {
                _ = QuantizedWeight.Create(name, tensors, inputs, outputs);
                return tensors;
            }
            catch (ArgumentException e)
            {
                throw new CheckpointException($"{Checkpoint.Folder}: {e.Message}", e);
            }
        }

        private Tensor? Optional(string name) => Checkpoint.Contains(name) ? Checkpoint.Map(name) : null;
    }
}
