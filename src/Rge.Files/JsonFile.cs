using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rge.Files;

/// <summary>
/// Reads JSON files of checkpoints, whose top level is an object: strictly, so that what another program would read otherwise is refused.
/// </summary>
public static class JsonFile
{
    private const long MaxFileBytes = 64 << 20;

    /// <summary>Parses a file and hands its root to <paramref name="read"/>. No field is valid afterwards.</summary>
    /// <exception cref="CheckpointException">The file is not there, is too large, a Git LFS pointer, no JSON object, or names a member
    /// twice; or a field is not what <paramref name="read"/> expects.</exception>
    public static T Read<T>(string path, Func<JsonField, T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new CheckpointException($"{path} does not exist.");
        if (file.Length > MaxFileBytes)
            throw new CheckpointException($"{path} has {ByteSize.Excess(file.Length, MaxFileBytes)}.");
        try
        {
            var bytes = FileReader.ReadBytes(path);
            GitLfsPointer.Refuse(path, bytes);
            return Parse(bytes, path, read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
    }

    /// <summary>Parses the content of a file and hands its root to <paramref name="read"/>. No field is valid afterwards.</summary>
    /// <param name="json">The content, in UTF-8.</param>
    /// <param name="path">The file, for errors.</param>
    /// <param name="read">Receives the root, which is an object.</param>
    /// <exception cref="CheckpointException">It is no JSON object, or names a member twice; or a field is not what
    /// <paramref name="read"/> expects.</exception>
    public static T Parse<T>(ReadOnlyMemory<byte> json, string path, Func<JsonField, T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        try
        {
            return Parse(json, new CheckpointJsonErrors(path), root =>
                root.IsObject ? read(root) : throw new CheckpointException($"{path}: the top level is not a JSON object.")
            );
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"{path} is not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>Parses JSON and hands its root to <paramref name="read"/>. No field is valid afterwards.</summary>
    /// <param name="json">The content, in UTF-8.</param>
    /// <param name="errors">Makes the errors of fields.</param>
    /// <param name="read">Receives the root, whatever it is.</param>
    /// <exception cref="JsonException">It is no JSON, or names a member twice.</exception>
    public static T Parse<T>(ReadOnlyMemory<byte> json, JsonErrors errors, Func<JsonField, T> read)
    {
        ArgumentNullException.ThrowIfNull(errors);
        ArgumentNullException.ThrowIfNull(read);
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return read(new JsonField(document.RootElement, errors));
        }
        // Comparing the names of members decodes them: one with a lone surrogate ends so.
        catch (InvalidOperationException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    /// <summary>Parses a file and hands its fields to <paramref name="read"/>; a text that is not Unicode is refused, asked for or
    /// not. No field is valid afterwards.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static T ReadConfig<T>(string path, Func<ConfigReader, T> read) => Read(path, root =>
        {
            DecodeTexts(root);
            return read(new ConfigReader(root));
        });

    /// <summary>Parses a file into an object that can be changed.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static JsonObject ReadObject(string path) => Read(path, root =>
        {
            DecodeTexts(root);
            return JsonObject.Create(root.Value.Clone())!;
        });

    /// <summary>Texts are decoded when they are asked for; one that is not Unicode should be reported while the file is read.</summary>
    private static void DecodeTexts(JsonField field)
    {
        if (field.IsText)
            _ = field.Text();
        foreach (var item in field.IsList ? field.Items() : [])
            DecodeTexts(item);
        foreach (var (_, member) in field.IsObject ? field.Members() : [])
            DecodeTexts(member);
    }
}
