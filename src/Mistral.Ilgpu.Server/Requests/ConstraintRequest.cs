using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Requests;

/// <summary>The form that an answer must have.</summary>
/// <param name="Parameter">The field that says so.</param>
/// <param name="Text">The schema, expression, grammar or texts.</param>
/// <param name="Create">Makes the constraint of the text.</param>
internal sealed record ConstraintRequest(string Parameter, string Text, Func<string, Constraint> Create)
{
    /// <summary>Makes the constraint.</summary>
    /// <exception cref="ApiException">It is wrong, or has something that is not supported.</exception>
    public Constraint Compile()
    {
        try
        {
            return Create(Text);
        }
        catch (Exception exception) when (exception is ArgumentException or InsufficientExecutionStackException)
        {
            throw new ApiException(400, $"{Parameter}: {exception.Message}", Parameter, "unsupported_value");
        }
    }
}
