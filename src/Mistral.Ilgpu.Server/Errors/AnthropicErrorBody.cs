namespace Mistral.Ilgpu.Server.Errors;

/// <summary>An error as Anthropic's API has it.</summary>
internal sealed record AnthropicErrorBody(string Type, AnthropicErrorBody.AnthropicErrorDetails Error)
{
    public static AnthropicErrorBody Of(ApiException error) =>
        new("error", new AnthropicErrorDetails(TypeOf(error.Status), error.Message));

    private static string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };

    internal sealed record AnthropicErrorDetails(string Type, string Message);
}
