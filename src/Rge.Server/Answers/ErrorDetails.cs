using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Rge.Server.Answers;

/// <summary>What went wrong.</summary>
internal sealed record ErrorDetails(
    [property: Description("One sentence for people: what was given, what was expected.")] string Message,
    [property: Description("The kind of error: invalid_request_error, authentication_error, not_found_error, rate_limit_error or server_error.")] string Type,
    [property: Description("The place in the request."), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    [property: Description("A name for programs."), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Code);
