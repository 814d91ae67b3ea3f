using System.Security.Cryptography;
using System.Text;
using Rge.Models;

namespace Rge;

/// <summary>Tells models apart by what is in their files, so that what one has computed is not taken for another's.</summary>
public static class ModelIdentity
{
    private static readonly string[] Patterns = ["*.safetensors", "*.json", "*.jinja", "merges.txt", "vocab.txt"];

    /// <summary>A digest of a checkpoint's weights, settings, tokenizer and chat template, and of an adapter's. Reads all of both folders.</summary>
    /// <param name="checkpoint">The checkpoint folder.</param>
    /// <param name="adapter">The folder of a LoRA or DoRA adapter, where one is merged into the model.</param>
    /// <returns>64 hexadecimal digits, the same wherever the folders lie and whatever else is in them.</returns>
    /// <exception cref="CheckpointException">A folder does not exist or a file cannot be read.</exception>
    public static string Of(string checkpoint, string? adapter = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(checkpoint);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var folder in adapter is null ? [checkpoint] : (string[])[checkpoint, adapter])
        {
            if (!Directory.Exists(folder)) throw new CheckpointException($"The folder {folder} does not exist.");
            try
            {
                var files = Patterns.SelectMany(pattern => Directory.EnumerateFiles(folder, pattern)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
                foreach (var path in files)
                {
                    using var file = File.OpenRead(path);
                    hash.AppendData(Encoding.UTF8.GetBytes($"{Path.GetFileName(path)}\n"));
                    hash.AppendData(SHA256.HashData(file));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CheckpointException($"{folder} cannot be read: {e.Message}", e);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
