using System.Text.Json.Nodes;
using Rge.Text;
using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>The settings of a checkpoint that is made from nothing, in the files and fields of its family's released checkpoints.</summary>
/// <param name="shape">Size of the model.</param>
internal abstract class RandomConfig(ModelShape shape)
{
    /// <summary>Size of the model.</summary>
    protected ModelShape Shape => shape;

    /// <summary>Class of the tokenizer.</summary>
    public abstract string TokenizerClass { get; }

    /// <summary>Rotary frequencies of a head.</summary>
    protected abstract int Frequencies { get; }

    /// <summary>Finds how a shape's family writes its settings.</summary>
    /// <exception cref="ArgumentException">The family is not written.</exception>
    public static RandomConfig Of(ModelShape shape) =>
        shape.Family switch
        {
            ModelFamily.Qwen25Vl => new RandomQwen25VlConfig(shape),
            ModelFamily.Qwen35 => new RandomQwen35Config(shape),
            _ => throw new ArgumentException(
                $"Random checkpoints of {shape.Family} are not written, expected {ModelFamily.Qwen25Vl} or {ModelFamily.Qwen35}.",
                nameof(shape)
            ),
        };

    /// <summary>preprocessor_config.json.</summary>
    public abstract JsonObject Preprocessor();

    /// <summary>config.json.</summary>
    /// <param name="dtype">Number type of the weights.</param>
    /// <param name="firstSpecial">Id of the first special token.</param>
    public abstract JsonObject Config(ScalarType dtype, int firstSpecial);

    /// <summary>The weight with which a norm leaves the size of its values as it is.</summary>
    /// <param name="name">Name of the parameter.</param>
    /// <param name="size">Its shape.</param>
    public virtual Tensor NormWeight(string name, long[] size) => ones(size);

    /// <summary>The id of a special token.</summary>
    protected static int Id(string token, int firstSpecial) => firstSpecial + Array.IndexOf([.. BytePairFiles.SpecialTokens], token);

    /// <summary>Rotary frequencies of time, height and width.</summary>
    protected JsonArray Section()
    {
        int time = Frequencies / 4,
            height = (Frequencies - time) / 2;
        int[] section = shape.MropeSection?.ToArray() ?? [time, height, Frequencies - time - height];
        return new JsonArray([.. section.Select(count => (JsonNode)count)]);
    }
}
