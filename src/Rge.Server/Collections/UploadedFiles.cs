using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Rge.Files;
using Rge.Search;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Collections;

/// <summary>Images that a form sends as files, with <c>metadata</c> for all of them or one for each, and <c>on_error</c>.</summary>
internal static class UploadedFiles
{
    private const int MaxNameLength = 200;
    private const string Metadata = "metadata",
        OnErrorField = "on_error";

    /// <summary>Reads a form; its files stay in memory, and their names are names only.</summary>
    /// <exception cref="ApiException">The form cannot be read, has a field that is not known, or too many or too large files.</exception>
    public static async Task<ItemsRequest> ReadAsync(HttpRequest request, ServerLimits limits)
    {
        IFormCollection form;
        try
        {
            var options = new FormOptions
            {
                MemoryBufferThreshold = limits.MaxBodyBytes,
                MultipartBodyLengthLimit = limits.MaxBodyBytes,
                ValueCountLimit = MaxParts(limits),
            };
            form = await request.ReadFormAsync(options, request.HttpContext.RequestAborted);
        }
        // The only place where the framework says which of its bounds was met.
        catch (InvalidDataException e) when (e.Message.Contains("value count limit", StringComparison.OrdinalIgnoreCase))
        {
            throw ApiException.Invalid(
                $"The form has more than {MaxParts(limits)} files or fields, expected at most {MaxFiles(limits)} files.",
                param: null,
                "too_many",
                e
            );
        }
        catch (Exception e) when (e is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw ApiException.Invalid(
                "The form cannot be read: it ends early, or is not what its content type says.",
                param: null,
                "invalid_form",
                e
            );
        }
        var files = form.Files;
        if (form.Keys.FirstOrDefault(key => key is not (Metadata or OnErrorField)) is { } unknown)
        {
            throw ApiException.Invalid(
                $"The form has a field '{JsonField.Shorten(unknown)}', expected files, {Metadata} and {OnErrorField}.",
                JsonField.Shorten(unknown),
                "unknown_member"
            );
        }
        if (files.Count == 0 || files.Count > MaxFiles(limits))
        {
            throw ApiException.Invalid(
                $"The form has {files.Count} files, expected 1 to {MaxFiles(limits)}.",
                "file",
                files.Count == 0 ? "invalid_value" : "too_many"
            );
        }
        if (form[OnErrorField] is { Count: > 1 } given)
            throw ApiException.Invalid($"The form has the field {OnErrorField} {given.Count} times, expected it once.", OnErrorField);
        if (!OnErrorNames.All.TryGetValue(form[OnErrorField] is [{ } name, ..] ? name : OnErrorNames.Default, out var onError))
        {
            throw ApiException.Invalid(
                $"{OnErrorField} is '{JsonField.Shorten(form[OnErrorField].ToString())}', "
                    + $"expected {string.Join(" or ", OnErrorNames.All.Keys.Order(StringComparer.Ordinal))}.",
                OnErrorField
            );
        }
        var metadata = form[Metadata]
            .Select(json => RequestBody.Read(Encoding.UTF8.GetBytes(json ?? ""), Metadata, RecordReader.Metadata))
            .ToArray();
        if (metadata.Length > 1 && metadata.Length != files.Count)
        {
            throw ApiException.Invalid(
                $"The form has {metadata.Length} fields {Metadata} and {files.Count} files, expected one for all files or one for each.",
                Metadata
            );
        }
        return ItemsRequest.Read(files.Index(), file => Item(file.Item, limits, MetadataOf(file.Index)), onError);

        IReadOnlyList<KeyValuePair<string, string>> MetadataOf(int file) =>
            metadata.Length switch
            {
                0 => [],
                1 => metadata[0],
                _ => metadata[file],
            };
    }

    /// <summary>A file is an item and an image.</summary>
    private static int MaxFiles(ServerLimits limits) => Math.Min(limits.MaxItems, limits.MaxImages);

    /// <summary>Each file may have a field for itself.</summary>
    private static int MaxParts(ServerLimits limits) => 2 * MaxFiles(limits);

    private static SentItem Item(IFormFile file, ServerLimits limits, IReadOnlyList<KeyValuePair<string, string>> metadata)
    {
        var name = Name(file.FileName);
        if (file.Length > limits.MaxImageBytes)
            throw ApiException.Invalid(
                $"The file {name} has {ByteSize.Excess(file.Length, limits.MaxImageBytes)}.",
                "file",
                "image_too_large"
            );
        var bytes = new byte[file.Length];
        using var stream = file.OpenReadStream();
        stream.ReadExactly(bytes);
        return SentItem.Read(new SearchItem { Path = name, Metadata = metadata }, new ImageReference(name ?? "file", bytes, Address: null));
    }

    /// <summary>What the image is called where it is shown: the last part of its path, without what cannot be shown.</summary>
    private static string? Name(string path)
    {
        var last = path[(path.LastIndexOfAny(['/', '\\']) + 1)..];
        var name = string.Concat(last.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Take(MaxNameLength));
        return name.Length > 0 ? name : null;
    }
}
