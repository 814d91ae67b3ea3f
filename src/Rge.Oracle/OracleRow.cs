using System.Security.Cryptography;
using System.Text.Json;
using Rge.Data;
using Rge.Data.Mmeb;

namespace Rge.Oracle;

/// <summary>A row that a rationale is asked for.</summary>
/// <param name="Sample">The row.</param>
/// <param name="Number">Its place in its dataset, from 1.</param>
/// <param name="Key">Changes with what is asked about it: texts and image paths of query and right target.</param>
internal sealed record OracleRow(TrainingSample Sample, int Number, string Key)
{
    private const int KeyLength = 16;

    public string Dataset => Sample.Dataset;

    public RowIdentity Identity => new(Dataset, Number, Key);

    public static OracleRow Create(TrainingSample sample, int number, string imageFolder)
    {
        string?[] parts = [.. Parts(sample.Query), .. Parts(sample.Targets[0].Item)];
        return new OracleRow(sample, number, KeyOf(parts));

        IEnumerable<string?> Parts(EmbeddingInput item) =>
            [item.Instruction, MmebText.Format(item), .. item.Images.Select(image => Path.GetRelativePath(imageFolder, image.Name))];
    }

    /// <summary>A short text that stands for others.</summary>
    public static string KeyOf(params string?[] parts) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(parts)))[..KeyLength];
}
