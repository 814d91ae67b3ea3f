using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Rge.Search;

namespace Rge.Server.Requests;

/// <summary>Pictures that a form sends as files.</summary>
internal static class UploadedFiles
{
    private const int MaxNameLength = 200;

    /// <summary>Reads a form's files; they stay in memory, and their names are names only.</summary>
    /// <exception cref="ApiException">The form cannot be read, or has too many or too large files.</exception>
    public static async Task<IReadOnlyList<SearchItem>> ReadAsync(HttpRequest request, ServerLimits limits)
    {
        IFormFileCollection files;
        try
        {
            files = (await request.ReadFormAsync(new FormOptions { MemoryBufferThreshold = limits.MaxBodyBytes, MultipartBodyLengthLimit = limits.MaxBodyBytes }, request.HttpContext.RequestAborted)).Files;
        }
        catch (Exception e) when (e is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw ApiException.Invalid("The form cannot be read: it ends early, or is not what its content type says.", param: null, "invalid_form", e);
        }
        if (files.Count == 0 || files.Count > limits.MaxImages) throw ApiException.Invalid($"The form has {files.Count} files, expected 1 to {limits.MaxImages}.", "file", files.Count == 0 ? "invalid_value" : "too_many");
        return [.. files.Select(Item)];

        SearchItem Item(IFormFile file)
        {
            if (file.Length > limits.MaxImageBytes) throw ApiException.Invalid($"A file has {file.Length} bytes, expected at most {limits.MaxImageBytes}.", "file", "image_too_large");
            var bytes = new byte[file.Length];
            using var stream = file.OpenReadStream();
            stream.ReadExactly(bytes);
            return new SearchItem { Images = [bytes], Path = Name(file.FileName) };
        }
    }

    /// <summary>What the picture is called where it is shown: the last part of its path, without what cannot be shown.</summary>
    private static string? Name(string path)
    {
        var name = string.Concat(path[(path.LastIndexOfAny(['/', '\\']) + 1)..].Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Take(MaxNameLength));
        return name.Length > 0 ? name : null;
    }
}
