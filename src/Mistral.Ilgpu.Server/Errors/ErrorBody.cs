using System.Text.Json.Serialization;

namespace Mistral.Ilgpu.Server.Errors;

/// <summary>An error as OpenAI's API has it.</summary>
internal sealed record ErrorBody(ErrorBody.ErrorDetails Error)
{
    public static ErrorBody Of(ApiException error) =>
        new(new ErrorDetails(error.Message, TypeOf(error.Status), error.Parameter, error.Code));

    private static string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    internal sealed record ErrorDetails(
        string Message,
        string Type,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Code);
}
