namespace Mistral.Ilgpu.TinyModel.Data;

/// <summary>The plots. Each sentence has several wordings; what happens follows from what happened.</summary>
internal sealed class Plots(Random random)
{
    public string Tell(Cast c, bool withAnimal)
    {
        string[] middle = withAnimal ? AnimalInNeed(c) : random.Next(8) switch
        {
            0 => LostThing(c),
            1 => Rain(c),
            2 => Sharing(c),
            3 => AnimalInNeed(c),
            4 => Learning(c),
            5 => Cooking(c),
            6 => Gift(c),
            _ => LostWay(c),
        };
        return string.Join(' ', [.. Opening(c), .. middle, .. Ending(c)]);
    }

    private string Any(params string[] choices) => random.Pick(choices);

    private string[] Opening(Cast c)
    {
        string trait = random.Pick(Words.Traits);
        string first = Any(
            $"Once upon a time there was a {trait} {c.Kid} named {c.Hero}.",
            $"There was a {c.Kid} called {c.Hero}.",
            $"{c.Hero} was a {trait} little {c.Kid}.",
            $"{c.Hero} lived near {c.Place}.",
            $"{c.Hero} lived in a small house with {c.His} mom.",
            $"In a small town lived a {trait} {c.Kid} named {c.Hero}.");
        string second = Any(
            $"{c.HeBig} loved to play outside.", $"{c.HeBig} had a {c.Look} {c.Thing}.", $"Everyone liked {c.Him}.",
            $"{c.HeBig} liked to sing and run.", $"{c.HeBig} had many friends.", $"Every day {c.He} went to {c.Place}.");
        return random.Next(3) == 0 ? [first] : [first, second];
    }

    private string[] Ending(Cast c)
    {
        string happy = random.Pick(Words.Happy);
        return random.Next(4) switch
        {
            0 => [$"{c.Hero} was {happy}."],
            1 => [Any($"\"Thank you!\" said {c.Hero}.", $"\"This is the best day,\" said {c.Hero}.", $"\"I am {happy},\" said {c.Hero}.")],
            2 => [$"At the end of the day {c.Hero} went home and told {c.His} mom.", Any("She smiled.", $"{c.HeBig} was {happy}.", "They laughed.")],
            _ => [$"{c.Hero} slept well that night.", Any($"{c.HeBig} dreamed of {c.Place}.", $"{c.HeBig} felt {happy}.", "It was a good day.")],
        };
    }

    private string When() => random.Pick(Words.Times);

    private string[] LostThing(Cast c) =>
    [
        $"{When()} {c.He} took {c.His} {c.Thing} to {c.Place}.",
        Any($"{c.HeBig} played for a long time.", $"{c.HeBig} ran and jumped.", "The sun was warm."),
        Any($"Then the {c.Thing} was gone.", $"But then {c.He} could not find the {c.Thing}.", $"Suddenly {c.He} lost the {c.Thing}."),
        $"{c.HeBig} was {random.Pick(Words.Sad)}.",
        Any($"{c.HeBig} looked under a tree and behind a rock.", $"{c.HeBig} looked here and there.", $"{c.HeBig} began to cry."),
        Any($"A {c.Animal} saw {c.Him} and wanted to help.", $"Then a {c.Animal} came by.", $"A friendly {c.Animal} heard {c.Him}."),
        Any($"The {c.Animal} found the {c.Thing} in the grass.", $"The {c.Animal} showed {c.Him} where the {c.Thing} was.", $"Together they found the {c.Thing}."),
    ];

    private string[] Rain(Cast c) =>
    [
        $"{When()} {c.He} wanted to have a picnic at {c.Place} with {c.Friend}.",
        Any("They packed bread and apples.", $"{c.Friend} brought a {c.Look} {c.Thing}.", "They put the food in a basket."),
        Any("But dark clouds came and it began to rain.", "Then it started to rain.", "But soon the rain came down."),
        $"They were {random.Pick(Words.Sad)}.",
        Any($"\"I have an idea,\" said {c.Friend}.", $"Then {c.Friend} had an idea."),
        Any("They ran inside and had the picnic on the floor.", "They sat under a big tree and ate there.", "They made a small tent and ate in it."),
        Any("The food was good and they laughed a lot.", "It was more fun than before.", "Soon the sun came out again."),
    ];

    private string[] Sharing(Cast c) =>
    [
        $"{When()} {c.He} played with a {c.Look} {c.Thing} at {c.Place}.",
        $"{c.Friend} came and asked, \"{Any("Can I play too?", "May I have a turn?", "Can we share it?")}\"",
        Any($"{c.HeBig} did not want to share.", $"\"No, it is mine,\" {c.He} said.", $"{c.HeBig} said no."),
        Any($"{c.Friend} was sad and walked away.", $"{c.Friend} sat down alone and was sad."),
        Any($"Then {c.He} felt bad.", $"But playing alone was no fun.", $"Soon {c.He} was lonely."),
        $"{c.HeBig} went to {c.Friend} and said, \"{Any("I am sorry.", "Let us play together.", "Here, you can have a turn.")}\"",
        Any($"They played with the {c.Thing} all day.", "They played together and laughed.", "Now it was much more fun."),
    ];

    private string[] AnimalInNeed(Cast c) =>
    [
        $"{When()} {c.He} walked to {c.Place}.",
        Any($"There {c.He} saw a little {c.Animal}.", $"{c.HeBig} heard a sound and found a {c.Animal}.", $"A small {c.Animal} sat there all alone."),
        Any($"The {c.Animal} had hurt its leg.", $"The {c.Animal} was hungry and cold.", $"The {c.Animal} was stuck and could not move.", $"The {c.Animal} was lost."),
        Any($"\"Do not be afraid,\" {c.He} said.", $"{c.HeBig} wanted to help.", $"{c.HeBig} felt sorry for it."),
        Any($"{c.HeBig} gave it food and water.", $"{c.HeBig} put it in a {c.Look} box and took it home.", $"{c.HeBig} called {c.Friend} and they helped the {c.Animal} together."),
        Any($"Soon the {c.Animal} was well again.", $"The next day the {c.Animal} could run.", $"The {c.Animal} felt much better."),
        Any($"The {c.Animal} and {c.He} became friends.", $"From then on the {c.Animal} came every day.", $"The {c.Animal} never forgot {c.Him}."),
    ];

    private string[] Learning(Cast c)
    {
        string skill = random.Pick(Words.Skills);
        return
        [
            $"{c.HeBig} wanted to learn to {skill}.",
            Any($"{When()} {c.He} tried at {c.Place}, but it was hard.", $"{c.HeBig} tried and tried, but {c.He} could not do it.", $"It was not easy for {c.Him}."),
            $"{c.HeBig} was {random.Pick(Words.Sad)}.",
            Any($"\"Do not give up,\" said {c.Friend}.", $"{c.Friend} said, \"I will show you.\"", $"\"Try again,\" said {c.Friend}."),
            Any("They practiced every day.", $"{c.FriendHeBig} helped {c.Him} for a week.", $"So {c.He} tried one more time."),
            Any($"At last {c.He} could {skill}.", $"Then one day {c.He} could {skill} all alone."),
            Any($"{c.Friend} clapped.", $"\"You did it!\" said {c.Friend}.", "Everyone was surprised."),
        ];
    }

    private string[] Cooking(Cast c)
    {
        string food = random.Pick(Words.Foods);
        return
        [
            $"{When()} {c.He} wanted to make {food} for {c.Friend}.",
            Any($"{c.HeBig} went to {c.Place} to get eggs and milk.", $"{c.HeBig} took a big bowl and a spoon.", "Mom said it was a good idea."),
            Any($"But {c.He} dropped the bowl.", "But there was no sugar left.", $"But a {c.Animal} ate the butter."),
            $"{c.HeBig} was {random.Pick(Words.Sad)}.",
            Any("\"We can fix this,\" said Mom.", "Mom came to help.", $"Then {c.Friend} came in and helped."),
            Any("They started again and worked together.", "They mixed it all and put it in the oven.", "They cleaned up and tried again."),
            Any("It smelled so good.", "It tasted great.", "They ate it all."),
        ];
    }

    private string[] Gift(Cast c) =>
    [
        Any($"It was {c.Friend}'s birthday.", $"Soon it was {c.Friend}'s birthday."),
        $"{c.HeBig} wanted to give {(c.Girl ? "him" : "her")} a {c.Look} {c.Thing}.",
        Any($"But {c.He} had no money.", $"But the {c.Thing} cost too much.", $"But {c.He} did not know where to find one."),
        Any($"So {c.He} worked at {c.Place} every day.", $"{c.HeBig} helped a farmer at {c.Place}.", $"So {c.He} made one with wood and paint."),
        Any($"At last {c.He} had the {c.Thing}.", $"After a week the {c.Thing} was ready."),
        Any($"{c.Friend} opened the box and smiled.", $"{c.Friend} could not believe it.", $"\"It is so pretty!\" said {c.Friend}."),
        Any($"{c.FriendHeBig} gave {c.Him} a big hug.", $"{c.FriendHeBig} played with it all day.", "They ate cake and danced."),
    ];

    private string[] LostWay(Cast c) =>
    [
        $"{When()} {c.He} walked far away from {c.Place}.",
        Any($"{c.HeBig} followed a {c.Animal}.", $"{c.HeBig} was looking for a {c.Look} {c.Thing}.", $"{c.HeBig} sang and did not look at the path."),
        Any($"Then {c.He} did not know the way home.", $"Soon it was dark and {c.He} was lost.", $"All the trees looked the same and {c.He} was lost."),
        $"{c.HeBig} was {random.Pick(Words.Sad)}.",
        Any($"An old woman with a lamp saw {c.Him}.", $"A {c.Animal} came and looked at {c.Him}.", $"Then {c.He} heard {c.Friend} call."),
        Any($"\"Come with me,\" {Any("said a soft voice", "said someone")}.", $"{c.HeBig} was not alone any more.", $"{c.HeBig} was glad to see someone."),
        Any($"Together they walked over the hill to {c.His} house.", $"They found the path and went home.", $"Soon {c.He} saw the light of {c.His} home."),
    ];
}
