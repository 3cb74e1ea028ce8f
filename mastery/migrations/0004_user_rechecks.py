from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mastery", "0003_profile_and_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="rechecks",
            field=models.BooleanField(
                default=True,
                help_text="30, 90 and 180 days after you built something, your home page asks whether you can do it again from a blank file. What you answer is yours alone.",
                verbose_name="Ask me again",
            ),
        ),
    ]
