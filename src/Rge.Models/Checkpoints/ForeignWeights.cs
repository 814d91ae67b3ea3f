namespace Rge.Models.Checkpoints;

/// <summary>
/// What a folder holds where a checkpoint's safetensors files are missing: weights in other formats, by name and with the way out.
/// </summary>
internal static class ForeignWeights
{
    private const string Convert =
        "save the model once with transformers (save_pretrained writes safetensors), or take a revision that has safetensors files";

    /// <summary>What the folder has instead of readable weights, as a sentence; null for nothing.</summary>
    public static string? In(string folder)
    {
        if (File.Exists(folder))
            return OfFile(folder);
        if (
            !Directory.Exists(folder)
            || File.Exists(Path.Combine(folder, Checkpoint.SingleFile))
            || File.Exists(Path.Combine(folder, Checkpoint.IndexFile))
        )
            return null;
        var names = Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal).ToArray();
        if (names.Contains(PeftAdapter.ConfigFile))
            return $"{folder} is an adapter, not a model: pass the model that it was trained on as the model, and this folder as the "
                + "adapter (--adapter).";
        foreach (var name in names)
            if (OfFile(Path.Combine(folder, name)) is { } problem)
                return problem;
        return null;
    }

    private static string? OfFile(string path)
    {
        var name = Path.GetFileName(path);
        return Path.GetExtension(name).ToUpperInvariant() switch
        {
            ".GGUF" or ".GGML" =>
                $"{path} is in llama.cpp's GGUF format, which is not read: expected the folder of the original checkpoint, with "
                    + "safetensors files.",
            ".BIN"
            or ".PT"
            or ".PTH"
            or ".CKPT"
                when !name.StartsWith("training_args", StringComparison.Ordinal)
                    && !name.StartsWith("optimizer", StringComparison.Ordinal) =>
                $"{path} is in PyTorch's own format (pickle), which is not read: {Convert}.",
            ".H5" or ".MSGPACK" or ".ONNX" => $"{path} is in another framework's format, which is not read: {Convert}.",
            ".SAFETENSORS" =>
                $"{path} exists, but neither {Checkpoint.SingleFile} nor {Checkpoint.IndexFile}: the checkpoint is incomplete, or "
                    + "its files have been renamed; download it again.",
            _ => null,
        };
    }
}
