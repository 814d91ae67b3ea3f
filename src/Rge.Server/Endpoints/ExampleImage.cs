namespace Rge.Server.Endpoints;

/// <summary>The image in examples of requests: a red square of 28 × 28 pixels.</summary>
internal static class ExampleImage
{
    /// <summary>The PNG in base64.</summary>
    public const string Base64 =
        "iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAIAAAD9b0jDAAAAI0lEQVR42u3MsQ0AAAjAoP7/tD7hJgkzTZ1LKpVKpVKp9Ee6DsoNHtgm0ZUAAAAASUVORK5CYII=";

    /// <summary>As a data URI.</summary>
    public const string Uri = $"data:image/png;base64,{Base64}";
}
